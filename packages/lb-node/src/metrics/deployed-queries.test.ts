import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { figures } from '../test-support/figures.js';
import { DaemonCounts } from './daemon-counts.js';
import { MetricsPage } from './metrics-page.js';

const root = new URL('../../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const prometheus = fileURLToPath(new URL('deploy/prometheus/', root));
const rules = read('deploy/prometheus/weir.rules.yaml');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(read('deploy/grafana/weir.json')) as {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const queries = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition = '' }) => definition),
];

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) process.stderr.write('skipped: promtool is not installed\n');
const testWithPromtool = hasPromtool ? test : test.skip;

/** Name to type, of all that a node exports; a histogram under the names of its series. */
async function exported(): Promise<ReadonlyMap<string, string>> {
  const page = await new MetricsPage(new DaemonCounts('1.2.3', 'xdp').registry, 100).text(async () => figures);
  const types = [...page.toString().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]);
  return new Map(
    types.flatMap(([name = '', type = '']) =>
      type === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => [`${name}${end}`, type] as const)
        : [[name, type] as const],
    ),
  );
}

function named(text: string): readonly string[] {
  return [...new Set(text.match(/\b(?:weir|process|nodejs)_[a-z0-9_]+/g) ?? [])];
}

test('a node exports every metric that a rule or the dashboard asks for', async (t) => {
  const names = await exported();
  const rulesAlone = rules.replaceAll(/^\s*(?:#|runbook_url|description|summary|- alert).*$/gm, '');
  for (const text of [rulesAlone, ...queries]) {
    for (const name of named(text)) t.true(names.has(name), `${name} in ${text.slice(0, 200)}`);
  }
  t.true(named(queries.join('\n')).length > 30);
});

test('rates are taken of counters, and of nothing else', async (t) => {
  const names = await exported();
  for (const [, name = ''] of [rules, ...queries].join('\n').matchAll(/(?:rate|increase)\((\w+)/g)) {
    t.true(['counter', 'histogram'].includes(names.get(name) ?? ''), name);
  }
});

test('docs/metrics.md describes every metric of Weir that a node exports, with its type, and no other', async (t) => {
  const documented = [...read('docs/metrics.md').matchAll(/^\| `(weir_\w+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const own = [...(await exported())].flatMap(([name, type]) => {
    if (!name.startsWith('weir_')) return [];
    if (type !== 'histogram') return `${name} ${type}`;
    return name.endsWith('_bucket') ? `${name.slice(0, -'_bucket'.length)} ${type}` : [];
  });
  t.deepEqual([...documented].sort(), own.sort());
});

test('each alert says what to do, in docs/operations.md too', (t) => {
  const operations = read('docs/operations.md');
  const alerts = [...rules.matchAll(/- alert: (\w+)\n([\s\S]*?)(?=\n {6}- alert|$)/g)];
  t.is(alerts.length, 18);
  for (const [, name = '', body = ''] of alerts) {
    t.regex(body, /\n {10}summary: ".+"\n {10}description: ".+"\n/, name);
    t.true(
      body.includes(`runbook_url: docs/operations.md#${name.toLowerCase()}\n`) ||
        body.endsWith(`#${name.toLowerCase()}`),
      name,
    );
    t.regex(operations, new RegExp(`^#+ ${name}$`, 'm'));
  }
});

test('panels of the dashboard have numbers of their own, and none covers another', (t) => {
  const { panels } = dashboard;
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const places = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => ({ title, cell: `${x + (i % w)},${y + Math.floor(i / w)}` })),
  );
  t.true(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  t.is(new Set(places.map(({ cell }) => cell)).size, places.length);
});

testWithPromtool('promtool takes the rules and the example, and each alert fires where it should', (t) => {
  for (const words of [
    ['check', 'rules', 'weir.rules.yaml'],
    ['check', 'config', 'prometheus.example.yaml'],
    ['test', 'rules', 'weir.rules.test.yaml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', words, { cwd: prometheus, encoding: 'utf8' });
    t.is(status, 0, stdout + stderr);
  }
  const tested = read('deploy/prometheus/weir.rules.test.yaml');
  for (const [, name = ''] of rules.matchAll(/- alert: (\w+)/g)) t.true(tested.includes(`alertname="${name}"`), name);
  t.deepEqual(readdirSync(prometheus).sort(), ['prometheus.example.yaml', 'weir.rules.test.yaml', 'weir.rules.yaml']);
});

testWithPromtool('promtool takes every query of the dashboard', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-queries-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const asRules = dashboard.panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }, i) => ({ record: `query:${i}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
  const file = join(directory, 'queries.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  t.is(status, 0, stdout + stderr);
});
