import { execFileSync } from 'node:child_process';

/** Where the program's next hops are: addresses of this node and its backends. */
export interface BenchNetwork {
  /** Of the interface on which packets seem to arrive, and leave. */
  readonly ifindex: number;
  readonly sources: { readonly ipv4: string; readonly ipv6: string };
  readonly backends: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] };
}

const INTERFACE = 'lan';
/** With room for every encapsulation. */
const MTU_BYTES = 1600;

/** Makes an interface with neighbours that are known for good: no packet waits for ARP. In the namespace of this process. */
export function makeBenchNetwork(backendCount: number): BenchNetwork {
  const numbers = Array.from({ length: backendCount }, (_, index) => index + 1);
  const backends = {
    ipv4: numbers.map((number) => `10.9.1.${number}`),
    ipv6: numbers.map((number) => `fd00:9::1:${number.toString(16)}`),
  };
  const sources = { ipv4: '10.9.0.1', ipv6: 'fd00:9::1' };
  const neighbours = [...backends.ipv4, ...backends.ipv6].map(
    (address, index) => `neighbour add ${address} dev ${INTERFACE} lladdr 02:00:00:00:01:${hexByte(index)}`,
  );
  const lines = [
    'link set lo up',
    `link add ${INTERFACE} mtu ${MTU_BYTES} type veth peer name far mtu ${MTU_BYTES}`,
    'link set far up',
    `link set ${INTERFACE} up`,
    `address add ${sources.ipv4}/16 dev ${INTERFACE}`,
    `address add ${sources.ipv6}/64 dev ${INTERFACE} nodad`,
    ...neighbours,
  ];
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
  // The kernel looks up next hops only for interfaces that forward.
  const forwarding = ['ipv4', 'ipv6'].map((family) => `net.${family}.conf.${INTERFACE}.forwarding=1`);
  execFileSync('sysctl', ['-q', '-w', ...forwarding]);
  // Of the thread's namespace: /sys would still show the one before.
  const ifindex = Number(/^(\d+): lan[@:]/m.exec(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }))?.[1]);
  return { ifindex, sources, backends };
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}
