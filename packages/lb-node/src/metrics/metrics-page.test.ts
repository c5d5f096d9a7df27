import { spawnSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { config, figures } from '../test-support/figures.js';
import { DaemonCounts } from './daemon-counts.js';
import { MetricsPage } from './metrics-page.js';

const BACKENDS_MAX = 100;

async function pageOf(backendsMax = BACKENDS_MAX, of = figures): Promise<string> {
  const page = new MetricsPage(new DaemonCounts('1.2.3', 'xdp').registry, backendsMax);
  return (await page.text(async () => of)).toString();
}

/** Lines of a family, without its name. */
function series(text: string, name: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length));
}

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) process.stderr.write('skipped: promtool is not installed\n');

(hasPromtool ? test : test.skip)('promtool finds nothing to object to', async (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: await pageOf(),
    encoding: 'utf8',
  });
  t.is(stdout + stderr, '');
  t.is(status, 0);
});

test('series of backends are named as in the configuration; what it does not have is named by its address', async (t) => {
  t.deepEqual(series(await pageOf(), 'weir_backend_packets_total'), [
    '{service="web",backend="web1"} 900',
    '{service="web",backend="10.0.0.22"} 0',
    '{service="web",backend="10.0.0.29"} 50',
    '{service="mail \\"quoted\\"",backend="[fd00::21]:2525"} 5',
  ]);
});

test('services have totals of their own, also one that is counted and not configured any more', async (t) => {
  t.deepEqual(series(await pageOf(), 'weir_service_packets_total'), [
    '{service="web"} 1000',
    '{service="mail \\"quoted\\""} 5',
    '{service="198.51.100.99:53/udp"} 7',
  ]);
});

const shows = test.macro({
  async exec(t: ExecutionContext, name: string, expected: readonly string[]) {
    t.deepEqual(series(await pageOf(), name), expected);
  },
  title: (_, name) => `${name} is what the parts of the node say`,
});

test(shows, 'weir_service_backends', [
  '{service="web",state="up"} 1',
  '{service="web",state="down"} 1',
  '{service="web",state="unchecked"} 0',
  '{service="mail \\"quoted\\"",state="up"} 0',
  '{service="mail \\"quoted\\"",state="down"} 0',
  '{service="mail \\"quoted\\"",state="unchecked"} 1',
]);
test(shows, 'weir_service_flows', [
  '{service="web",state="active"} 3',
  '{service="web",state="inactive"} 4',
  '{service="mail \\"quoted\\"",state="active"} 0',
  '{service="mail \\"quoted\\"",state="inactive"} 0',
  '{service="198.51.100.99:53/udp",state="active"} 0',
  '{service="198.51.100.99:53/udp",state="inactive"} 0',
]);
test(shows, 'weir_backend_up', ['{service="web",backend="web1"} 1', '{service="web",backend="10.0.0.22"} 0']);
test(shows, 'weir_backend_probe_latency_seconds', ['{service="web",backend="web1"} 0.0015']);
test(shows, 'weir_vip_announced', ['{vip="198.51.100.10"} 1', '{vip="2001:db8::10"} 0']);
test(shows, 'weir_vip_override', ['{vip="2001:db8::10",override="off"} 1']);
test(shows, 'weir_bgp_session_up', ['{peer="10.0.0.1",asn="64500"} 1', '{peer="10.0.0.2",asn="64500"} 0']);
test(shows, 'weir_replication_lag_seconds', [' 0.25']);
test(shows, 'weir_handover_packets_total', ['{node="10.0.0.12"} 3']);
test(shows, 'weir_etcd_skipped_keys', [' 1']);
test(shows, 'weir_flow_table_entries', [' 17']);
test(shows, 'weir_answer_table_entries', [' 5']);
test(shows, 'weir_answer_table_capacity', [' 2048']);
test(shows, 'weir_build_info', [`{version="1.2.3",engine="xdp",node_version="${process.versions.node}"} 1`]);

test('with more backends than are to be shown there are series of services alone, and one that says so', async (t) => {
  const text = await pageOf(3);
  t.notRegex(text, /^weir_backend_[a-z_]+\{/m);
  t.deepEqual(series(text, 'weir_backends_aggregated'), [' 1']);
  t.is(series(text, 'weir_service_packets_total').length, 3);
  t.deepEqual(series(await pageOf(4), 'weir_backends_aggregated'), [' 0']);
});

test('a backend that is named as another one is addressed does not make two series of one', async (t) => {
  const [web, ...others] = config.services;
  if (web === undefined) return t.fail();
  const backends = web.backends.map((backend) => ({ ...backend, name: '10.0.0.22' }));
  const renamed = { ...config, services: [{ ...web, backends }, ...others] };
  const text = await pageOf(BACKENDS_MAX, { ...figures, node: { ...figures.node, config: renamed } });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const names = lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
  t.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('who asks while a page is written gets that one; who asks later gets the next', async (t) => {
  let reads = 0;
  const page = new MetricsPage(new DaemonCounts('1.2.3', 'xdp').registry, BACKENDS_MAX);
  const read = async () => {
    reads++;
    return figures;
  };
  const pages = await Promise.all([page.text(read), page.text(read), page.text(read)]);
  t.is(reads, 1);
  t.is(new Set(pages).size, 1);
  await page.text(read);
  t.is(reads, 2);
});

test('a page that could not be written does not spoil the next', async (t) => {
  const page = new MetricsPage(new DaemonCounts('1.2.3', 'xdp').registry, BACKENDS_MAX);
  await t.throwsAsync(
    page.text(() => Promise.reject(new Error('closed'))),
    { message: 'closed' },
  );
  t.regex((await page.text(async () => figures)).toString(), /^weir_backends 3$/m);
});
