import {
  BgpService,
  GetServerInfoResponse,
  type Peer,
  ServerService,
  type Snapshot,
  StatsService,
} from '@weir/admin-api';
import { Command } from 'commander';
import type { AdminClient } from '../client/admin-client.js';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { fullCount, sinceText } from '../render/quantities.js';
import { WeirctlError } from '../weirctl-error.js';

interface NodeStatus {
  readonly info: GetServerInfoResponse;
  /** Undefined: it announces nothing by BGP. */
  readonly peers: readonly Peer[] | undefined;
  readonly snapshot: Snapshot | undefined;
}

/** `weirctl status` */
export function statusCommand(): Command {
  return viewCommand<NodeStatus>(
    new Command('status').description('the node at a glance, and what is not as it should be'),
    {
      async read(client) {
        const info = await client.call(ServerService.getServerInfo, {});
        const [peers, { snapshot }] = await Promise.all([
          peersOf(client),
          client.call(StatsService.getStats, { services: [] }),
        ]);
        return { info, peers, snapshot };
      },
      values: ({ info, peers, snapshot }) => ({
        ...(GetServerInfoResponse.toJSON(info) as object),
        ...(peers === undefined ? {} : { bgpPeers: peers.map(({ address, state }) => ({ address, state })) }),
        flows: Number(snapshot?.flows ?? 0n),
        flowCapacity: Number(snapshot?.flowCapacity ?? 0n),
      }),
      text: statusText,
    },
  );
}

async function peersOf(client: AdminClient): Promise<readonly Peer[] | undefined> {
  try {
    return (await client.call(BgpService.listPeers, {})).peers;
  } catch (error) {
    if (error instanceof WeirctlError && error.details.reason === 'NO_BGP') return undefined;
    throw error;
  }
}

function statusText({ info, peers, snapshot }: NodeStatus, colours: Colours): string {
  const { node, version, engine, interfaces, started, services, backends, backendsUsable, etcd } = info;
  const where = interfaces.map(({ name, mode }) => `${name} ${mode}`).join(', ');
  const allUsable = backendsUsable === backends;
  const lines: [string, string][] = [
    ['Node', `${colours.bold(node)}, Weir ${version}, up for ${sinceText(started)}`],
    ['Engine', where === '' ? engine : `${engine} on ${where}`],
    ['Services', fullCount(services)],
    ['Backends', (allUsable ? colours.green : colours.yellow)(`${backendsUsable} of ${backends} usable`)],
  ];
  if (peers !== undefined) {
    const up = peers.filter(({ state }) => state === 'established').length;
    const prefixes = Math.max(0, ...peers.map(({ announced }) => announced));
    const text = `${up} of ${peers.length} sessions established, ${prefixes} prefixes announced`;
    lines.push(['BGP', (up === peers.length ? colours.green : colours.red)(text)]);
  }
  if (etcd !== undefined) {
    const text = etcd.isConnected ? `connected, revision ${etcd.revision}` : `gone: ${etcd.lastError}`;
    lines.push(['etcd', (etcd.isConnected ? colours.green : colours.red)(text)]);
  }
  if (snapshot !== undefined && snapshot.flowCapacity > 0n) {
    const share = Number((snapshot.flows * 1000n) / snapshot.flowCapacity) / 10;
    lines.push(['Flows', `${fullCount(snapshot.flows)} of ${fullCount(snapshot.flowCapacity)} entries (${share} %)`]);
  }
  const table = lines.map(([name, text]) => `${`${name}:`.padEnd(10)} ${text}`).join('\n');
  if (info.troubles.length === 0) return `${table}\n${'Troubles:'.padEnd(10)} ${colours.green('none')}`;
  return `${table}\nTroubles:\n${info.troubles.map((trouble) => `  ${colours.red(trouble)}`).join('\n')}`;
}
