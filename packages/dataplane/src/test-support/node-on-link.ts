import { execFileSync } from 'node:child_process';
import { enterPrivateNamespaces, ip, linkPair } from './private-namespaces.js';

/**
 * Enters private namespaces in which a node has one link: `eth0` (02:00:00:00:00:bb, 10.0.0.11), whose far end is `peer0`. Its
 * neighbours are known: 10.0.0.21 and so on, as many as asked for.
 *
 * @returns the index of `eth0`
 */
export async function enterNodeOnLink(neighbours = 3): Promise<number> {
  enterPrivateNamespaces();
  await linkPair('eth0', 'peer0', '02:00:00:00:00:bb');
  ip('addr add 10.0.0.11/24 dev eth0');
  for (let i = 0; i < neighbours; i++) ip(`neigh add 10.0.0.${21 + i} lladdr 02:00:00:00:00:aa dev eth0`);
  execFileSync('sysctl', ['-qw', 'net.ipv4.conf.eth0.forwarding=1']);
  return Number(ip('-o link show eth0').split(':')[0]);
}
