import {
  askDns,
  type BackendPage,
  type IperfResult,
  runIperfUntil,
  type StandardCluster,
  startDnsServer,
  startEchoServer,
  udpEcho,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { type Engine, type ForwardingCase, forwardingCases, type MethodName, servicesOf } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

export interface ForwardingSuite {
  readonly engine: Engine;
  readonly methods: readonly MethodName[];
  readonly cluster: StandardCluster;
  /** What the agents of the backends take off; undefined: no agents. */
  readonly decap: string | undefined;
}

const DOWNLOAD_BYTES = 10_000_000;

/** Real clients and servers through one node, by each method and over both families. */
export function forwardingSuite({ engine, methods, cluster, decap }: ForwardingSuite): void {
  const cases = forwardingCases(methods);
  let weir: WeirCluster;

  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      cluster,
      decap,
      bulk: true,
      services: () => cases.flatMap((each) => servicesOf(each, cluster)),
      nodeOptions: { engine, dataplane: { maxServices: 64, maxBackends: 256, tableRows: 251 } },
    });
    for (const { name } of cluster.backends) {
      await startDnsServer(weir.lab.host(name));
      await startEchoServer(weir.lab.host(name));
    }
  });
  test.after.always(async () => weir?.[Symbol.asyncDispose]());

  const client = () => weir.lab.host('client');
  const shell = (script: string) => client().output('bash', ['-c', script]);
  const forEachCase = (title: string, body: (each: ForwardingCase, t: ExecutionContext) => Promise<void>) => {
    for (const each of cases) testAsRoot(`${each.name}: ${title}`, (t) => body(each, t));
  };

  forEachCase('curl gets pages from both backends, which see whom they should', async ({ vip, method, family }, t) => {
    const pages: BackendPage[] = [];
    for (let request = 0; request < 4; request++) {
      pages.push(JSON.parse(await client().output('curl', ['-sSg', '-m', '5', weir.url(vip)])));
    }
    t.deepEqual([...new Set(pages.map(({ backend }) => backend))].sort(), ['backend1', 'backend2']);
    const local = cluster.nodes[0]?.localAddresses.find((address) => address.includes(':') === (family === 'ipv6'));
    const source = method === 'fullnat' ? local : cluster.client[family];
    t.deepEqual([...new Set(pages.map(({ remoteAddress }) => remoteAddress))], [source]);
  });

  forEachCase('curl sends 1 MB and receives 10 MB whole', async ({ vip }, t) => {
    const upload = `head -c 1000000 /dev/zero | curl -sSg -m 20 --data-binary @- -o /dev/null -w '%{http_code} %{size_upload}' '${weir.url(vip)}'`;
    t.is(await shell(upload), '200 1000000');
    const range = `-r 0-${DOWNLOAD_BYTES - 1}`;
    const received = await shell(`curl -sSg -m 20 ${range} '${weir.url(vip, '/bulk/100M')}' | sha256sum`);
    t.is(received, await shell(`head -c ${DOWNLOAD_BYTES} '${weir.lab.directory}/www/bulk/100M' | sha256sum`));
  });

  forEachCase('DNS over UDP and over TCP is answered by the same backend', async ({ vip }, t) => {
    const overUdp = await askDns(client(), vip, 'udp');
    t.regex(overUdp, /^backend[12]$/);
    t.is(await askDns(client(), vip, 'tcp'), overUdp);
  });

  forEachCase('a UDP query of 4,000 bytes, in fragments, is answered whole', async ({ vip }, t) => {
    // The first answer may be lost: by it a backend learns the MTU of the path to the client.
    await waitUntil('the backend to know the MTU', async () => {
      const { intact } = await udpEcho(client(), { address: vip, bytes: 4000, timeoutMs: 300 });
      return intact === 1 || undefined;
    });
    t.deepEqual(await udpEcho(client(), { address: vip, bytes: 4000, datagrams: 20 }), { intact: 20, damaged: 0 });
  });

  forEachCase('iperf3 runs over TCP and UDP, and hardly a datagram is lost', async ({ vip, method }, t) => {
    const server = weir.lab.host(await askDns(client(), vip, 'udp'));
    const common = { client: client(), server, address: vip, ...(decap === undefined ? {} : { bind: vip }) };
    const isFast = ({ bytes }: IperfResult) => bytes > 1_000_000;
    t.true(isFast(await runIperfUntil(isFast, { ...common, protocol: 'tcp' })));
    // Answers pass the node too where it translates addresses: it gets most of the load from them.
    const reverse = method === 'nat' || method === 'fullnat';
    // A receiver that waits for a busy CPU drops some itself; what the node drops, the last test looks at.
    const isWhole = ({ bytes, lostPercent }: IperfResult) => bytes > 500_000 && lostPercent < 10;
    const udp = await runIperfUntil(isWhole, { ...common, protocol: 'udp', reverse, megabitsPerSecond: 5 });
    t.true(isWhole(udp), JSON.stringify(udp));
  });

  forEachCase('ping is answered for the VIP, and traceroute shows router, node and VIP', async ({ vip, family }, t) => {
    t.regex(await client().output('ping', ['-c', '3', '-i', '0.2', '-W', '10', vip]), / 0% packet loss/);
    const trace = await client().output('traceroute', ['-n', '-T', '-p', '80', '-q', '1', '-w', '10', '-m', '4', vip]);
    const hops = trace.split('\n').flatMap((line) => /^ *\d+ +(\S+)/.exec(line)?.[1] ?? []);
    const router = family === 'ipv4' ? '192.0.2.1' : '2001:db8:c::1';
    t.deepEqual(hops, [router, cluster.nodes[0]?.[family], vip]);
  });

  testAsRoot('nothing of all this was dropped, but for what traceroute let expire', async (t) => {
    const drops = (await weir.nodes[0]?.counters())?.drops;
    const { ttl_expired: expired, icmp_unknown: icmpUnknown, ...others } = drops ?? {};
    t.is(expired, cases.length);
    // Of the fragments of an answer that is too big, only the first one tells the flow to those who send errors about them.
    t.true((icmpUnknown ?? 0) <= cluster.backends.length, `icmp_unknown: ${icmpUnknown}`);
    t.deepEqual(
      Object.entries(others).filter(([, count]) => count > 0),
      [],
    );
  });
}
