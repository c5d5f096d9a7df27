import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrrRouter } from './frr-router.js';

/** TCP connections from a client to a VIP, told apart by the client's port. */
export interface RoutedFlows {
  readonly client: string;
  readonly vip: string;
  readonly port: number;
  readonly clientPorts: readonly number[];
}

/** The next hop that the router's kernel has for each of these flows now, in their order. */
export async function flowHops({ host }: FrrRouter, flows: RoutedFlows): Promise<readonly string[]> {
  const { client, vip, port, clientPorts } = flows;
  const family = vip.includes(':') ? '-6' : '-4';
  const [towardsClient] = JSON.parse(await host.output('ip', [family, '-json', 'route', 'get', client])) as [
    { readonly dev: string },
  ];
  const questions = clientPorts.map(
    (clientPort) =>
      `route get ${vip} from ${client} iif ${towardsClient.dev} ipproto tcp sport ${clientPort} dport ${port}\n`,
  );
  const file = join(host.directory, `${host.name}-flows.batch`);
  await writeFile(file, questions.join(''));
  const answers = await host.output('ip', [family, '-batch', file]);
  return [...answers.matchAll(/ via (\S+) /g)].map(([, hop = '']) => hop);
}
