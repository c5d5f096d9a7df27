import { execFileSync } from 'node:child_process';
import { type BenchAddresses, benchAddresses } from './bench-addresses.js';
import { nodeMac } from './flow-packet.js';

/** Where the program's next hops are. */
export interface BenchNetwork extends BenchAddresses {
  /** On which packets seem to arrive, and leave. */
  readonly interface: string;
  readonly ifindex: number;
  /** The other end of it: where clients and backends are. */
  readonly far: { readonly interface: string; readonly ifindex: number };
}

const INTERFACE = 'lan';
const FAR_INTERFACE = 'far';
/** With room for every encapsulation. */
const MTU_BYTES = 1600;
const ROUTER = '10.9.0.2';
const CLIENTS = '100.64.0.0/10';

/** Makes an interface with neighbours that are known for good: no packet waits for ARP. In the namespace of this process. */
export function makeBenchNetwork(backendCount: number): BenchNetwork {
  const addresses = benchAddresses(backendCount);
  const { sources, backends } = addresses;
  const neighbours = [...backends.ipv4, ...backends.ipv6].map(
    (address, index) => `neighbour add ${address} dev ${INTERFACE} lladdr 02:00:00:00:01:${hexByte(index)}`,
  );
  const lines = [
    'link set lo up',
    `link add ${INTERFACE} address ${macText(nodeMac)} mtu ${MTU_BYTES} type veth peer name ${FAR_INTERFACE} mtu ${MTU_BYTES}`,
    `link set ${FAR_INTERFACE} up`,
    `link set ${INTERFACE} up`,
    `address add ${sources.ipv4}/16 dev ${INTERFACE}`,
    `address add ${sources.ipv6}/64 dev ${INTERFACE} nodad`,
    ...neighbours,
    // Clients of flow-packet.ts, by a router: answers of backends go there.
    `neighbour add ${ROUTER} dev ${INTERFACE} lladdr 02:00:00:00:00:02`,
    `route add ${CLIENTS} via ${ROUTER}`,
  ];
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
  // The kernel looks up next hops only for interfaces that forward.
  const forwarding = ['ipv4', 'ipv6'].map((family) => `net.${family}.conf.${INTERFACE}.forwarding=1`);
  execFileSync('sysctl', ['-q', '-w', ...forwarding]);
  // Of the thread's namespace: /sys would still show the one before.
  const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
  const indexOf = (name: string) => Number(new RegExp(`^(\\d+): ${name}[@:]`, 'm').exec(links)?.[1]);
  return {
    interface: INTERFACE,
    ifindex: indexOf(INTERFACE),
    far: { interface: FAR_INTERFACE, ifindex: indexOf(FAR_INTERFACE) },
    ...addresses,
  };
}

function macText(mac: Uint8Array): string {
  return [...mac].map(hexByte).join(':');
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
