import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { openPinned } from '../libbpf/bpffs.js';
import { checked, native } from '../libbpf/native.js';
import { ip, linkPair } from '../test-support/private-namespaces.js';
import { Vlan } from '../xdp/layout.js';
import { backends, interfaces, local, localOfOthers, routes, silent } from './lab-addresses.js';

/** The node's own addresses, which nothing is sent to, and the router behind which the clients are. */
const own = {
  eth0: ['10.0.0.2/24', 'fd00::2/64'],
  eth1: ['10.1.0.2/24', 'fd00:1::2/64'],
  vlan7: ['10.2.0.2/24', 'fd00:2::2/64'],
} as const;
const router = { 4: '10.0.0.254', 6: 'fd00::254' } as const;

/** Makes the lab's interfaces, routes and neighbours in this network namespace, which has to be a private one. */
export async function makeLabNetwork(): Promise<void> {
  for (const { name, mac, neighbourMac, mtuBytes } of interfaces) {
    await linkPair(name, `peer-${name}`, mac);
    ip(`link set ${name} mtu ${mtuBytes}`);
    for (const address of own[name])
      ip(`addr add ${address} dev ${name} ${address.includes(':') ? 'nodad' : ''}`.trim());
    for (const family of ['ipv4', 'ipv6']) execFileSync('sysctl', ['-qw', `net/${family}/conf/${name}/forwarding=1`]);
    const families = [4, 6] as const;
    const all = families.flatMap((family) => [
      ...backends[family],
      // They may be clients as well.
      ...local[family],
      ...localOfOthers[family],
      router[family],
    ]);
    const answering = all.filter(
      (address) => isOnLink(address, name) && !(silent as readonly string[]).includes(address),
    );
    for (const address of answering) ip(`neigh replace ${address} lladdr ${neighbourMac} dev ${name}`);
  }
  for (const network of routes.eth0.filter((text) => !own.eth0.some((address) => networkOf(address) === text))) {
    ip(`route add ${network} via ${network.includes(':') ? router[6] : router[4]} dev eth0`);
  }
}

/**
 * Says to a data plane what it would have found out, were these interfaces VLANs: not every kernel can make one.
 *
 * @param pinDirectory  of a data plane that has applied tables once
 */
export function pretendVlans(pinDirectory: string, ifindexOf: (name: string) => number): void {
  const map = openPinned(join(pinDirectory, 'maps', 'vlans'));
  assert(map !== undefined, 'a data plane that has applied tables has pinned its maps');
  for (const link of interfaces) {
    if (!('vlan' in link)) continue;
    const [key, value] = [Buffer.alloc(4), Buffer.alloc(Vlan.bytes)];
    key.writeUInt32LE(ifindexOf(link.name));
    value.writeUInt32LE(ifindexOf('eth0'), Vlan.ifindex);
    value.writeUInt32LE(link.vlan, Vlan.id);
    checked(native().updateElement(map, key, value, 0), 'storing a VLAN');
  }
  closeSync(map);
}

function isOnLink(address: string, name: keyof typeof own): boolean {
  return own[name].some((network) => address.startsWith(network.replace(/2\/\d+$/, '')));
}

function networkOf(address: string): string {
  return address.replace('.2/24', '.0/24').replace('::2/64', '::/64');
}
