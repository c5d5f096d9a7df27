import {
  type BackendPage,
  type StandardCluster,
  standardCluster,
  startEchoServer,
  twoArmCluster,
  udpEcho,
  WeirCluster,
} from '@weir/lab';
import { type Engine, forwardingCases, type MethodName, servicesOf } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const NARROW_MTU_BYTES = 1400;

/** A cluster whose clients are behind a narrow hop, with the services of some methods. */
function behindNarrowHop(
  engine: Engine,
  cluster: StandardCluster,
  methods: readonly MethodName[],
  decap: string | undefined,
) {
  return WeirCluster.start({
    cluster,
    decap,
    bulk: true,
    services: () => forwardingCases(methods).flatMap((each) => servicesOf(each, cluster)),
    nodeOptions: { engine, dataplane: { maxServices: 32, tableRows: 251 } },
  });
}

const clusters = [
  {
    methods: ['dr', 'ipip', 'gue'],
    cluster: () => standardCluster({ nodes: 1, backends: 2, narrowMtuBytes: NARROW_MTU_BYTES }),
    decap: 'ipip,gue',
  },
  {
    methods: ['nat', 'fullnat'],
    cluster: () => twoArmCluster({ nodes: 1, backends: 2, narrowMtuBytes: NARROW_MTU_BYTES }),
    decap: undefined,
  },
] as const;

const outerBytes: Readonly<Record<string, number>> = {
  'ipip, ipv4': 20,
  'ipip, ipv6': 40,
  'gre, ipv4': 24,
  'gre, ipv6': 44,
  'gue, ipv4': 32,
  'gue, ipv6': 52,
  'fou, ipv4': 28,
  'fou, ipv6': 48,
};

/** Path MTU discovery of backends and of clients. */
export function pathMtuSuite(engine: Engine): void {
  for (const { methods, cluster, decap } of clusters) {
    testAsRoot(`${methods.join(', ')}: a backend learns of a narrow hop on the way to the client`, async (t) => {
      await using weir = await behindNarrowHop(engine, cluster(), methods, decap);
      const client = weir.lab.host('client');
      for (const { name, method, family, vip } of forwardingCases(methods)) {
        // Of 1,500 bytes, as the client's MSS allows, until the router's frag needed has reached the backend of the flow.
        const download = `curl -sSg -m 10 -r 0-999999 -o /dev/null -w '%{size_download}' '${weir.url(vip, '/bulk/100M')}'`;
        for (let request = 0; request < 2; request++) {
          t.is(await client.output('bash', ['-c', download]), '1000000', name);
        }
        const page: BackendPage = JSON.parse(await client.output('curl', ['-sSg', '-m', '5', weir.url(vip)]));
        const local = weir.cluster.nodes[0]?.localAddresses[family === 'ipv4' ? 0 : 1];
        const towards = method === 'fullnat' ? local : weir.cluster.client[family];
        const from = decap === undefined ? [] : ['from', vip];
        const route = await weir.lab.host(page.backend).output('ip', ['route', 'get', towards ?? '', ...from]);
        t.regex(route, new RegExp(`mtu ${NARROW_MTU_BYTES}\\b`), name);
      }
    });
  }

  testAsRoot('a client learns what room the tunnel leaves on a LAN of 1,500 bytes', async (t) => {
    const cluster = standardCluster({ nodes: 1, backends: 1, innerMtuBytes: 1500 });
    const cases = forwardingCases(['ipip', 'gre', 'gue', 'fou']);
    await using weir = await WeirCluster.start({
      cluster,
      services: () => cases.flatMap((each) => servicesOf(each, cluster)),
      nodeOptions: { engine, dataplane: { tableRows: 251 } },
    });
    await startEchoServer(weir.lab.host('backend1'));
    const client = weir.lab.host('client');
    for (const { name, vip, family } of cases) {
      const bytes = family === 'ipv4' ? 1472 : 1452;
      t.deepEqual(await udpEcho(client, { address: vip, bytes, timeoutMs: 1000 }), { intact: 0, damaged: 0 }, name);
      const room = 1500 - (outerBytes[name] ?? 0);
      t.regex(await client.output('ip', ['route', 'get', vip]), new RegExp(`mtu ${room}\\b`), name);
      t.deepEqual(await udpEcho(client, { address: vip, bytes }), { intact: 1, damaged: 0 }, name);
    }
    t.is((await weir.nodes[0]?.counters())?.drops.too_big, cases.length);
  });
}
