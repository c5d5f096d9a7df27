import { type ServiceDocument, WeirCluster } from '@weir/lab';
import { backendsOf, families, methods } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

testAsRoot('every tunnel carries every family over every other', async (t) => {
  const services: (ServiceDocument & { readonly vip: string })[] = [];
  await using weir = await WeirCluster.start({
    nodes: 1,
    backends: 1,
    services: ({ backends }) => {
      for (const vipFamily of families) {
        for (const backendFamily of families) {
          for (const method of ['ipip', 'gre', 'gue', 'fou'] as const) {
            // nginx listens on 80; one VIP address each tells the services apart.
            const number = 100 + services.length;
            services.push({
              name: `${vipFamily} by ${method} over ${backendFamily}`,
              vip: vipFamily === 'ipv4' ? `198.51.100.${number}` : `2001:db8:100::${number}`,
              port: 80,
              ...methods[method],
              backends: backendsOf(backends, backendFamily),
            });
          }
        }
      }
      return services;
    },
  });
  for (const { name, vip } of services) {
    const result = await weir.request({ url: weir.url(vip), requestsPerSecond: 100, requests: 10 });
    t.deepEqual([name, result.requests, result.failed], [name, 10, 0]);
  }
});

testAsRoot('a service on all ports forwards any port, and a service on one of them comes first', async (t) => {
  await using weir = await WeirCluster.start({
    nodes: 1,
    backends: 2,
    services: ({ vip, backends: [first, second] }) => [
      { name: 'all', vip: vip.ipv4, port: 'all', backends: [{ address: first?.ipv4 ?? '' }] },
      { name: 'web', vip: vip.ipv4, port: 80, backends: [{ address: second?.ipv4 ?? '' }] },
    ],
  });
  const { ipv4 } = weir.cluster.vip;
  const toPort80 = await weir.request({ url: weir.url(ipv4), requestsPerSecond: 50, requests: 10 });
  t.deepEqual(toPort80.backends, { backend2: 10 });
  const { code } = await weir.lab.host('client').run('curl', ['-sS', '-m', '5', `http://${ipv4}:8080/`]);
  t.is(code, 7, 'nobody listens on 8080, and the backend says so');
  const { services } = (await weir.nodes[0]?.counters()) ?? { services: [] };
  t.is(services.find(({ port }) => port === 0)?.backends[0]?.packets, 1);
});

testAsRoot(
  'on a LAN of 1,500 bytes the backends ask clients for smaller segments, and nothing is too big',
  async (t) => {
    await using weir = await WeirCluster.start({ nodes: 1, backends: 1, innerMtuBytes: 1500 });
    for (const family of families) {
      const upload = `head -c 1000000 /dev/zero | curl -sg --data-binary @- -o /dev/null -w '%{http_code}' '${weir.url(weir.cluster.vip[family])}'`;
      t.is(await weir.lab.host('client').output('bash', ['-c', upload]), '200');
    }
    t.is((await weir.nodes[0]?.counters())?.drops.too_big, 0);
  },
);

testAsRoot('generic mode forwards as native mode does', async (t) => {
  await using weir = await WeirCluster.start({ nodes: 1, backends: 2, nodeOptions: { mode: 'generic' } });
  t.regex(weir.nodes[0]?.process.lines.join('\n') ?? '', /XDP runs in generic mode on lan/);
  for (const family of families) {
    const url = weir.url(weir.cluster.vip[family]);
    t.is((await weir.request({ url, requestsPerSecond: 100, requests: 50 })).failed, 0);
  }
});
