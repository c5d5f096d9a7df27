import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Lab } from '@weir/lab';

const run = promisify(execFile);
const SWITCH = 'lan';
const OFFLOADS = ['tx', 'on', 'sg', 'on', 'tso', 'on'];

/**
 * Lets the segments of an answer pass from host to host as one large packet, as network cards with TSO and GRO do. A veth
 * end whose other end has an XDP program can't, so the switch loses its programs on the way.
 *
 * @param single  hosts that want each packet alone, with its checksum: those whose XDP program forwards
 */
export async function offloadSegmentation(lab: Lab, single: readonly string[]): Promise<void> {
  const isOffloaded = ({ name }: { readonly name: string }) => !single.includes(name);
  const hosts = lab.hosts.filter(isOffloaded);
  const switchNamespace = `--net=/run/netns/${lab.switchNamespace(SWITCH)}`;
  for (const { name, links } of hosts) {
    if (!links.some((link) => link.name === SWITCH)) continue;
    await run('nsenter', [switchNamespace, 'ip', 'link', 'set', 'dev', name, 'xdpdrv', 'off']);
    await run('nsenter', [switchNamespace, 'ethtool', '-K', name, ...OFFLOADS]);
  }
  for (const host of hosts) {
    for (const { name } of host.links) await host.output('ethtool', ['-K', name, ...OFFLOADS]);
  }
}
