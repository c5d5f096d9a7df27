import { join } from 'node:path';
import { type StandardCluster, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { backendsOf, type Engine } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const ADDRESS = 'http://127.0.0.1:9646';
const FLOWS = 20;
const DATAGRAMS = 5;
const BYTES = 100;
/** IPv4 and UDP. */
const HEADER_BYTES = 20 + 8;
/** From as many ports as there are flows, each as many datagrams. */
const SEND = `
import socket
for port in range(40000, 40000 + ${FLOWS}):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('0.0.0.0', port))
    for _ in range(${DATAGRAMS}): s.sendto(b'x' * ${BYTES}, ('198.51.100.53', 53))`;

type Series = ReadonlyMap<string, number>;

/** What a node under traffic tells Prometheus. */
export function metricsSuite(engine: Engine): void {
  let weir: WeirCluster;
  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      nodes: 1,
      backends: 2,
      services,
      nodeOptions: { engine, dataplane: { tableRows: 251, maxFlows: 4096, maxTranslatedFlows: 1024 } },
    });
  });
  test.after.always(async () => weir?.[Symbol.asyncDispose]());

  function services({ vip, backends }: StandardCluster) {
    const healthCheck = { kind: 'http', interval: '1s', fastInterval: '200ms', timeout: '1s', rise: 2, fall: 5 };
    return [
      { name: 'web', vip: vip.ipv4, port: 80, method: 'ipip', healthCheck, backends: backendsOf(backends, 'ipv4') },
      {
        name: 'names',
        vip: '198.51.100.53',
        protocol: 'udp',
        port: 53,
        method: 'ipip',
        scheduler: 'rr',
        backends: backendsOf(backends, 'ipv4'),
      },
    ];
  }

  async function ask(path: string): Promise<string> {
    const node = weir.lab.host('node1');
    return node.output('curl', ['-sS', '--max-time', '10', `${ADDRESS}${path}`]);
  }

  async function scrape(): Promise<Series> {
    const lines = (await ask('/metrics')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  /** Resolves with the page that has this value. */
  function until(name: string, value: number): Promise<Series> {
    return waitUntil(`${name} ${value}`, async () => {
      const series = await scrape();
      return series.get(name) === value ? series : undefined;
    });
  }

  testAsRoot(`${engine}: packets, bytes and flows are what the client sent`, async (t) => {
    t.is(await ask('/readyz'), 'ready\n');
    t.is((await scrape()).get('weir_service_packets_total{service="names"}'), 0);
    await weir.lab.host('client').output('python3', ['-c', SEND]);
    const series = await until('weir_service_packets_total{service="names"}', FLOWS * DATAGRAMS);
    t.is(series.get('weir_service_bytes_total{service="names"}'), FLOWS * DATAGRAMS * (BYTES + HEADER_BYTES));
    t.is(series.get('weir_service_new_flows_total{service="names"}'), FLOWS);
    t.is(series.get('weir_service_flows{service="names",state="active"}'), FLOWS);
    t.is(series.get('weir_flow_table_entries'), FLOWS);
    t.is(series.get('weir_flow_table_capacity'), 2 * 4096);
    t.is(series.get('weir_answer_table_capacity'), 2 * (engine === 'xdp' ? 1024 : 4096));
    for (const backend of ['backend1', 'backend2']) {
      const labels = `{service="names",backend="${backend}"}`;
      t.is(series.get(`weir_backend_packets_total${labels}`), (FLOWS / 2) * DATAGRAMS);
      t.is(series.get(`weir_backend_new_flows_total${labels}`), FLOWS / 2);
    }
  });

  testAsRoot(`${engine}: VIPs, sessions and backends are as the network has them`, async (t) => {
    const series = await scrape();
    t.is(series.get(`weir_vip_announced{vip="${weir.cluster.vip.ipv4}"}`), 1);
    t.is(series.get(`weir_bgp_session_up{peer="${weir.cluster.router.ipv4}",asn="64500"}`), 1);
    t.is(series.get('weir_bgp_gobgpd_up'), 1);
    t.is(series.get('weir_service_backends{service="web",state="up"}'), 2);
    t.is(series.get('weir_service_backends{service="names",state="unchecked"}'), 2);
    t.true((series.get('weir_reconcile_passes_total{result="ok"}') ?? 0) > 0);
  });

  testAsRoot(`${engine}: a backend that is killed shows, and so does what follows`, async (t) => {
    const before = await scrape();
    t.is(before.get('weir_backend_up{service="web",backend="backend1"}'), 1);
    const { directory } = weir.lab.host('backend1');
    const own = join(directory, 'backend1-nginx');
    const stop = ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf'), '-s', 'stop'];
    await weir.lab.host('backend1').output('nginx', stop);
    const after = await until('weir_backend_up{service="web",backend="backend1"}', 0);
    t.is(after.get('weir_backend_up{service="web",backend="backend2"}'), 1);
    t.is(after.get('weir_service_backends{service="web",state="down"}'), 1);
    t.is(after.get('weir_backend_health_changes_total{service="web",backend="backend1"}'), 1);
    t.true((after.get('weir_backend_probes_total{service="web",backend="backend1",result="bad"}') ?? 0) >= 5);
    const moved = 'weir_director_rows_moved_total';
    await waitUntil('rows that move', async () => {
      const now = (await scrape()).get(moved) ?? 0;
      return now > (before.get(moved) ?? 0) || undefined;
    });
    const events = weir.nodes[0]?.process.lines.filter((line) => line.includes('"event":"backend_down"')) ?? [];
    t.is(events.length, 1);
  });

  testAsRoot(`${engine}: each line of the log that is info or above has an event`, (t) => {
    const lines = weir.nodes[0]?.process.lines.filter((line) => line.startsWith('{')) ?? [];
    t.true(lines.length > 5);
    t.deepEqual(
      lines.filter((line) => typeof (JSON.parse(line) as { readonly event?: unknown }).event !== 'string'),
      [],
    );
  });
}
