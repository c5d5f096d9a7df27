import { WeirCluster } from '@weir/lab';
import { backendsOf } from './forwarding-cases.js';
import { seeProbePackets } from './probe-packets.js';
import { type ProbeCase, ProbePathLab, probedMethods } from './probe-path-lab.js';
import { testAsRoot } from './test-as-root.js';

const methodNames = Object.keys(probedMethods) as (keyof typeof probedMethods)[];

for (const method of methodNames) {
  testAsRoot(`a mark leads a connection to its backend by ${method}, across all families`, async (t) => {
    await using lab = await ProbePathLab.start();
    const cases = lab.cases(method);
    await lab.holdPath(cases);
    for (const probed of cases) t.is(await lab.probe(probed), expected(lab, probed), probed.name);
  });
}

const BULK_BYTES = 300_000;

for (const transmitChecksums of ['on', 'off']) {
  testAsRoot(`probes larger than a packet arrive whole with checksums by the link ${transmitChecksums}`, async (t) => {
    await using lab = await ProbePathLab.start(1500);
    await lab.node.output('ethtool', ['-K', 'lan', 'tx', transmitChecksums]);
    const cases = methodNames.flatMap((method) => lab.cases(method));
    await lab.holdPath(cases);
    for (const probed of cases) t.is(await lab.probe(probed, BULK_BYTES), expected(lab, probed), probed.name);
  });
}

testAsRoot('what leaves has right lengths and checksums, inside and outside', async (t) => {
  await using lab = await ProbePathLab.start(1500);
  const cases = methodNames.flatMap((method) => lab.cases(method));
  await lab.holdPath(cases);
  const [node] = lab.cluster.nodes;
  const seen = await seeProbePackets(lab.node, cases);
  const wanted = cases.map(({ name, method, route: { vip, backend } }) => {
    const [to, protocol, port] = outerOf(method, vip, backend);
    return { name, outer: `${to.includes(':') ? node?.ipv6 : node?.ipv4} > ${to} ${protocol} ${port}`, wrong: [] };
  });
  t.deepEqual(seen, wanted);
});

/** Destination, IP protocol and UDP port of what leaves. */
function outerOf(method: keyof typeof probedMethods, vip: string, backend: string): readonly [string, number, number] {
  if (method === 'dr') return [vip, 6, 0];
  if (method === 'ipip') return [backend, vip.includes(':') ? 41 : 4, 0];
  return method === 'gre' ? [backend, 47, 0] : [backend, 17, probedMethods[method].port];
}

for (const filter of [0, 1, 2]) {
  testAsRoot(`answers of a VIP that the node can't reach itself are taken with rp_filter ${filter}`, async (t) => {
    await using lab = await ProbePathLab.start();
    for (const name of ['all', 'lan'])
      await lab.node.output('sysctl', ['-w', `net.ipv4.conf.${name}.rp_filter=${filter}`]);
    const cases = lab.cases('ipip', ['ipv4'], ['ipv4']);
    await lab.holdPath(cases);
    for (const probed of cases) t.is(await lab.probe(probed), expected(lab, probed), probed.name);
  });
}

for (const engine of ['xdp', 'portable'] as const) {
  testAsRoot(`answers pass a node that forwards with the engine ${engine}`, async (t) => {
    await using weir = await WeirCluster.start({
      nodes: 1,
      backends: 2,
      nodeOptions: { engine },
      // Of translating methods, the data plane looks for answers among what is to no VIP.
      services: ({ vip, backends }) => [
        { name: 'web', vip: vip.ipv4, port: 80, method: 'ipip', backends: backendsOf(backends, 'ipv4') },
        { name: 'web, IPv6', vip: vip.ipv6, port: 80, method: 'gre', backends: backendsOf(backends, 'ipv6') },
        { name: 'translated', vip: vip.ipv4, port: 81, method: 'fullnat', backends: backendsOf(backends, 'ipv4') },
      ],
    });
    const lab = new ProbePathLab(weir.lab, weir.cluster);
    const cases = [...lab.cases('ipip', ['ipv4'], ['ipv4']), ...lab.cases('gre', ['ipv6'], ['ipv6'])];
    await lab.holdPath(cases);
    for (const probed of cases) t.is(await lab.probe(probed), expected(lab, probed), probed.name);
    const { failed } = await weir.request({
      url: weir.url(weir.cluster.vip.ipv4),
      requestsPerSecond: 100,
      requests: 50,
    });
    t.is(failed, 0);
  });
}

testAsRoot(
  'an echo request with a mark is answered by its backend, also where nobody knew its MAC address',
  async (t) => {
    await using lab = await ProbePathLab.start();
    const cases = [...lab.cases('dr', ['ipv4']), ...lab.cases('ipip'), ...lab.cases('hops')];
    await lab.holdPath(cases);
    for (const { name, route } of cases) {
      // The first packet waits until its neighbour is known, and is not lost.
      await lab.node.output('ip', ['neigh', 'flush', 'dev', 'lan']);
      const { stdout } = await lab.node.run('ping', ['-c', '1', '-W', '3', '-m', String(route.mark), route.vip]);
      t.regex(stdout, /1 received/, name);
    }
  },
);

testAsRoot('a mark without a route reaches nobody, and after the path is gone the VIP is unreachable', async (t) => {
  await using lab = await ProbePathLab.start();
  const [first, second] = lab.cases('ipip', ['ipv4'], ['ipv4']) as [ProbeCase, ProbeCase];
  const holder = await lab.holdPath([first]);
  t.is(await lab.probe(second), 'timed out');
  await holder.stop();
  t.regex(await lab.probe(first), /No route to host/);
});

function expected({ cluster }: ProbePathLab, { backend, route }: ProbeCase): string {
  const [node] = cluster.nodes;
  return `${backend} saw ${route.vip.includes(':') ? node?.ipv6 : node?.ipv4}`;
}
