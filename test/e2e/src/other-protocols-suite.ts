import { PacketCapture, standardCluster, WeirCluster } from '@weir/lab';
import test from 'ava';
import { backendsOf, type Engine, type Family, families, methods } from './forwarding-cases.js';
import { macOf, runScapy } from './scapy.js';
import { testAsRoot } from './test-as-root.js';

const protocols = ['sctp', 'esp', 'ah'] as const;
const carriers = ['dr', 'ipip', 'gre', 'gue', 'fou'] as const;
/** Numbers of the protocols (IANA "Protocol Numbers"). */
const numbers = { sctp: 132, esp: 50, ah: 51 };
/** In the words of scapy. */
const layers = {
  sctp: 'SCTP(sport=4000, dport=3868) / SCTPChunkInit()',
  esp: 'ESP(spi=7, seq=1)',
  ah: 'AH(spi=7, seq=1)',
};

const cluster = standardCluster({ nodes: 1, backends: 2 });
const vipOf = (method: number, family: Family) =>
  family === 'ipv4' ? `198.51.100.${100 + method}` : `2001:db8:100::${100 + method}`;

/** Transports that the kernels of labs need not know, as crafted packets. */
export function otherProtocolsSuite(engine: Engine): void {
  let weir: WeirCluster;

  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      cluster,
      services: () =>
        carriers.flatMap((method, number) =>
          families.flatMap((family) =>
            protocols.map((protocol) => ({
              name: `${protocol} by ${method} over ${family}`,
              vip: vipOf(number, family),
              protocol,
              port: protocol === 'sctp' ? 3868 : 'all',
              scheduler: 'sh',
              ...methods[method],
              // Weight 0 leaves one that all have to go to, and it is not the same for all methods.
              backends: backendsOf(cluster.backends, family).map((backend, i) => ({
                ...backend,
                weight: +(i === number % 2),
              })),
            })),
          ),
        ),
      nodeOptions: { engine, dataplane: { maxServices: 64, tableRows: 251 } },
    });
  });
  test.after.always(async () => weir?.[Symbol.asyncDispose]());

  for (const protocol of protocols) {
    testAsRoot(`${protocol} reaches the backend that it should, by every method and over both families`, async (t) => {
      const filter = `ip proto ${numbers[protocol]} or ip6 proto ${numbers[protocol]}`;
      await using first = await PacketCapture.start(weir.lab.host('backend1'), { interface: 'lan', filter });
      await using second = await PacketCapture.start(weir.lab.host('backend2'), { interface: 'lan', filter });
      const node = weir.nodes[0]?.host;
      if (node === undefined) return t.fail();
      const vips = carriers.flatMap((_, number) => families.map((family) => [number, vipOf(number, family)] as const));
      await runScapy(
        weir.lab.host('router'),
        `
out = wire('lan')
for vip in ${JSON.stringify(vips.map(([, vip]) => vip))}:
    ip = IPv6(src='2001:db8:c::2', dst=vip) if ':' in vip else IP(src='192.0.2.2', dst=vip)
    if '${protocol}' != 'sctp':
        ip = IPv6(src='2001:db8:c::2', dst=vip, nh=${numbers[protocol]}) if ':' in vip else IP(src='192.0.2.2', dst=vip, proto=${numbers[protocol]})
    out.send(raw(Ether(dst='${await macOf(node, 'lan')}') / ip / ${layers[protocol]}))
`,
      );
      for (const [number, vip] of vips) {
        const [right, wrong] = number % 2 === 0 ? [first, second] : [second, first];
        const toVip = new RegExp(`> ${vip.replaceAll('.', '\\.')}[.:]`);
        await right.waitFor(toVip);
        t.false(
          wrong.packets.some((packet) => toVip.test(packet)),
          `${carriers[number]}, ${vip}`,
        );
      }
    });
  }
}
