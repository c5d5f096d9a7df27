import {
  PacketCapture,
  startDnsServer,
  startEchoServer,
  TcpSessions,
  twoArmCluster,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import test from 'ava';
import { backendsOf, type Engine, type Family, families } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const vips = {
  nat: { ipv4: '198.51.100.20', ipv6: '2001:db8:100::20' },
  fullnat: { ipv4: '198.51.100.21', ipv6: '2001:db8:100::21' },
} as const;
const translating = ['nat', 'fullnat'] as const;
const cluster = twoArmCluster({ nodes: 1, backends: 2 });

/** What nat and fullnat do beside carrying traffic: ports, ranges, MSS, the client's address. */
export function translationSuite(engine: Engine): void {
  let weir: WeirCluster;

  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      cluster,
      decap: undefined,
      services: () =>
        translating.flatMap((method) =>
          families.flatMap((family) => {
            const vip = vips[method][family];
            const toa = method === 'fullnat' ? { toa: true } : {};
            const common = { vip, method, ...toa };
            const backends = backendsOf(cluster.backends, family);
            const [first, second] = backends;
            if (first === undefined || second === undefined) return [];
            const name = (what: string) => `${what} by ${method} over ${family}`;
            return [
              { ...common, name: name('mapped'), port: 8080, mssClamp: 1200, backends: backends.map(toPort80) },
              { ...common, name: name('range'), port: '8000-8079', backends: [toPort80(first)] },
              { ...common, name: name('others'), port: 'all', backends: [second] },
              ...(method === 'nat'
                ? [{ ...common, name: name('sctp'), protocol: 'sctp', port: 3868, backends: [first] }]
                : []),
            ];
          }),
        ),
      nodeOptions: { engine, dataplane: { maxServices: 32, tableRows: 251 } },
    });
    for (const { name } of cluster.backends) {
      await startDnsServer(weir.lab.host(name));
      await startEchoServer(weir.lab.host(name));
    }
  });
  test.after.always(async () => weir?.[Symbol.asyncDispose]());

  async function backendAt(vip: string, port: number): Promise<string> {
    const host = vip.includes(':') ? `[${vip}]` : vip;
    const page = await weir.lab.host('client').output('curl', ['-sSg', '-m', '5', `http://${host}:${port}/`]);
    return (JSON.parse(page) as { backend: string }).backend;
  }

  for (const method of translating) {
    for (const family of families) {
      const vip = vips[method][family];

      testAsRoot(`${method}, ${family}: a port becomes another one at the backend`, async (t) => {
        const result = await weir.request({ url: `${weir.url(vip, '')}:8080/`, requestsPerSecond: 100, requests: 40 });
        t.is(result.failed, 0);
        t.deepEqual(Object.keys(result.backends).sort(), ['backend1', 'backend2']);
      });

      testAsRoot(`${method}, ${family}: every port of a range is served, others go where all go`, async (t) => {
        t.is(await backendAt(vip, 8000), 'backend1');
        t.is(await backendAt(vip, 8079), 'backend1');
        t.is(await backendAt(vip, 80), 'backend2');
        await using sessions = await TcpSessions.open(weir.lab.host('client'), { address: vip, count: 3 });
        t.deepEqual(sessions.backends, { backend2: 3 });
      });

      testAsRoot(`${method}, ${family}: a port that nobody listens on is refused by the backend at once`, async (t) => {
        const host = vip.includes(':') ? `[${vip}]` : vip;
        const { code, stderr } = await weir.lab.host('client').run('curl', ['-sSg', '-m', '5', `http://${host}:4444/`]);
        t.is(code, 7, stderr);
      });

      testAsRoot(`${method}, ${family}: a SYN asks for the clamped MSS at most, in both directions`, async (t) => {
        await using atBackends = await captureSyns('backend1', family);
        await using atBackends2 = await captureSyns('backend2', family);
        await using atClient = await PacketCapture.start(weir.lab.host('client'), {
          interface: 'router',
          filter: `src host ${vip}`,
        });
        await backendAt(vip, 8080);
        const arrived = Promise.any([atBackends.waitFor(/mss/), atBackends2.waitFor(/mss/)]);
        t.regex(await arrived, /mss 1200\b/);
        t.regex(await atClient.waitFor(/Flags \[S\.\].*mss/), /mss 1200\b/);
      });
    }
  }

  for (const family of families) {
    testAsRoot(`fullnat, ${family}: the backend finds the client's address and port in option 254`, async (t) => {
      await using capture = await captureSyns('backend1', family, ['-x']);
      await backendAt(vips.fullnat[family], 8000);
      const address = family === 'ipv4' ? 'c0000202' : '20010db8000c00000000000000000002';
      const option = new RegExp(`fe${family === 'ipv4' ? '08' : '14'}[0-9a-f]{4}${address}`);
      await waitUntil('a SYN with the option', () => {
        // tcpdump prints packets in lines of eight words, each line with its offset.
        const hex = capture.packets.join('').replaceAll(/\t0x[0-9a-f]{4}: |\s/g, '');
        return option.test(hex) || undefined;
      });
      t.regex(capture.packets[0] ?? '', /Flags \[S\]/);
    });
  }

  /** SYNs that arrive at a backend's port 80. */
  function captureSyns(backend: string, family: Family, flags: readonly string[] = []): Promise<PacketCapture> {
    const syn = family === 'ipv4' ? 'tcp[tcpflags] & tcp-syn != 0' : 'ip6[6] = 6 and ip6[53] & 2 != 0';
    return PacketCapture.start(weir.lab.host(backend), { interface: 'back', filter: `dst port 80 and ${syn}`, flags });
  }
}

function toPort80<T>(backend: T): T & { port: number } {
  return { ...backend, port: 80 };
}
