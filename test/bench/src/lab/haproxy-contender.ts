import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Path, Scale } from './contender.js';
import { bracketed, startRival } from './rival-lab.js';

/** HAProxy in mode tcp (https://docs.haproxy.org/2.6/configuration.html). */
export async function startHaproxy(scale: Scale): Promise<Path> {
  return await startRival(scale, async ({ nodes, vip, backends }) => {
    for (const node of nodes) {
      await node.output('ip', ['address', 'add', vip, 'dev', 'lo']);
      const file = join(node.directory, `${node.name}-haproxy.cfg`);
      await writeFile(file, haproxyConfiguration({ vip, backends, threads: scale.workers }));
      const haproxy = node.spawn('haproxy', ['-db', '-f', file]);
      await haproxy.waitForListening(80);
    }
    return `haproxy mode tcp: ${scale.workers} thread a node, smart accept and connect, backlog 4096, no logs, no checks`;
  });
}

/** The configuration of a node. */
export function haproxyConfiguration(options: {
  readonly vip: string;
  readonly backends: readonly string[];
  readonly threads: number;
}): string {
  return `global
  maxconn 8000
  nbthread ${options.threads}
defaults
  mode tcp
  option tcp-smart-accept
  option tcp-smart-connect
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend vip
  bind ${bracketed(options.vip)}:80 backlog 4096
  default_backend web
backend web
  balance roundrobin
${options.backends.map((address, index) => `  server backend${index + 1} ${bracketed(address)}:80`).join('\n')}
`;
}
