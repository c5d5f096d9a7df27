import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { type DataplaneBenchmarkResult, dataplaneParts } from './dataplane/dataplane-benchmark.js';
import { speedRows } from './dataplane/speed-rows.js';
import type { ComparedPath } from './lab/comparison.js';
import { contenderNames } from './lab/contender.js';
import type { MetricsResult } from './metrics/metrics-benchmark.js';
import type { FunctionCost } from './portable/cpu-profile.js';
import type { PortableSpeed } from './portable/portable-benchmark.js';
import type { StateBenchmarkResult } from './state/state-benchmark.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const LABS = '/run/weir-lab';

const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: benchmarks need root, for network namespaces and BPF\n');

function start(t: ExecutionContext, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return { child, output: () => output };
}

async function runToJson<T>(t: ExecutionContext, args: readonly string[]): Promise<T & { text: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'result.json');
  const { child, output } = start(t, [...args, '--json', file]);
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 0, output());
  t.deepEqual(labsOf(child.pid), []);
  return { ...(JSON.parse(readFileSync(file, 'utf8')) as T), text: output() };
}

/** Labs that a process has up, or left. */
function labsOf(pid: number | undefined): string[] {
  return unlessGone(() => readdirSync(LABS), []).filter((id) => {
    const owner = unlessGone(() => readFileSync(join(LABS, id, 'owner.json'), 'utf8'), '{}');
    return (JSON.parse(owner) as { pid?: number }).pid === pid;
  });
}

/** Labs of others come and go meanwhile. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

testAsRoot('each contender answers every workload without an error, and its nodes are what did the work', async (t) => {
  const { comparison, text } = await runToJson<{ comparison: ComparedPath[] }>(t, [
    'lab',
    '--rounds',
    '1',
    '--seconds',
    '1',
  ]);
  for (const workload of ['keep-alive, tiny', 'keep-alive, 8KiB', 'one connection per request, tiny']) {
    const paths = comparison.filter((path) => path.workload === workload);
    t.deepEqual(
      paths.map(({ contender }) => contender),
      [...contenderNames],
    );
    for (const { contender, requestsPerSecond, failed, nodeProcessesUs } of paths) {
      t.true(requestsPerSecond.median > 0, `${contender}: ${workload}`);
      t.false(failed, `${contender}: ${workload}`);
      if (contender === 'haproxy' || contender === 'nginx-stream') t.true(nodeProcessesUs.median > 0, contender);
    }
  }
  t.regex(text, /^nginx-stream +[\d,]+ +±0 % +× \d/m);
});

testAsRoot('IPv6 goes every way that IPv4 goes', async (t) => {
  const args = ['lab', '--rounds', '1', '--seconds', '1', '--family', 'ipv6'];
  const { comparison } = await runToJson<{ comparison: ComparedPath[] }>(t, args);
  t.deepEqual(
    comparison.filter(({ failed }) => failed).map(({ contender, errors }) => ({ contender, errors })),
    [],
  );
});

testAsRoot('Ctrl-C leaves no lab', async (t) => {
  const { child, output } = start(t, ['lab', '--only', 'nftables', 'direct', '--seconds', '30']);
  const closed = once(child, 'close');
  while (!output().includes('bringing up direct')) {
    await Promise.race([once(child.stderr, 'data'), closed.then(() => Promise.reject(new Error(output())))]);
  }
  t.not(labsOf(child.pid).length, 0);
  child.kill('SIGINT');
  await closed;
  t.deepEqual(labsOf(child.pid), []);
});

testAsRoot('the packet path is measured in namespaces of the benchmark: no interface, no pin is left', async (t) => {
  const pins = readdirSync('/sys/fs/bpf');
  const result = await runToJson<DataplaneBenchmarkResult>(t, [
    'dataplane',
    '--runs',
    '1',
    '--packets',
    '10000',
    '--parts',
    ...dataplaneParts,
  ]);
  t.is(result.speed.length, 2 * (speedRows.length + 1));
  t.true(result.speed.every(({ measured }) => Number.isFinite(measured.median)));
  t.is(result.nexthops.length, 16);
  t.true(result.nexthops.every(({ uncachedNs }) => Number.isFinite(uncachedNs.median)));
  t.true(result.verifier.some(({ program }) => program === 'weir'));
  t.true(result.changes.every(({ rows, rowsWritten }) => rowsWritten > 0 && rowsWritten < rows));
  t.deepEqual(readdirSync('/sys/fs/bpf'), pins);
});

/** What a benchmark of shared flows could leave where others see it; labs of others come and go meanwhile. */
function leftOfSharedFlows(): string[] {
  return [
    ...readdirSync('/sys/fs/bpf').filter((name) => /^(sharing-o|former|other|short|far)/.test(name)),
    ...readdirSync(tmpdir()).filter((name) => /^weir-(redis|former|other|short)-/.test(name)),
  ];
}

/** Processes that a benchmark started. */
function childrenOf(pid: number | undefined): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = unlessGone(() => readFileSync(`/proc/${name}/stat`, 'latin1'), '').split(') ')[1] ?? '';
    return Number(stat.split(' ')[1]) === pid;
  });
}

testAsRoot(
  'shared flows are measured on a Redis, nodes and a lab of the benchmark: nothing of them is left',
  async (t) => {
    const before = leftOfSharedFlows();
    const result = await runToJson<StateBenchmarkResult>(t, [
      ...['state', '--runs', '1', '--flows', '2000', '--packet-runs', '1', '--packets', '10000'],
      ...['--pace', '5000', '--connections', '20'],
    ]);
    t.deepEqual(
      result.telling.map(({ writer, cpus, flowsPerSecond }) => [writer, cpus, flowsPerSecond.median > 0]),
      [1, 2].flatMap((cpus) => ['weir', 'plain'].map((writer) => [writer, cpus, true])),
    );
    t.is(result.packets.length, 6);
    t.true(result.packets.every(({ differenceNs }) => Number.isFinite(differenceNs.median)));
    t.true(result.memory.every(({ bytes, jsonBytes }) => bytes > 0 && bytes < jsonBytes));
    t.deepEqual(
      result.takeover.map(({ flowsAre, lost }) => ({ flowsAre, lost })),
      [
        { flowsAre: 'taken over', lost: 0 },
        { flowsAre: 'known', lost: 0 },
      ],
    );
    const [short, long] = result.short;
    t.like(short, { flowsAre: 'short', forwarded: 2000, commands: 0, withinScripts: 0 });
    t.like(long, { flowsAre: 'long', forwarded: 2000, withinScripts: 2000 });
    t.like(result.crash[0], { connections: 20, lost: 0, mismatches: 0 });
    t.deepEqual(leftOfSharedFlows(), before);
  },
);

testAsRoot('Ctrl-C leaves no Redis, no node and no directory', async (t) => {
  const before = leftOfSharedFlows();
  const { child, output } = start(t, ['state', '--parts', 'takeover', '--flows', '100000', '--pace', '1000']);
  const closed = once(child, 'close');
  while (!output().includes('their node is killed')) {
    await Promise.race([once(child.stderr, 'data'), closed.then(() => Promise.reject(new Error(output())))]);
  }
  const children = childrenOf(child.pid);
  t.not(children.length, 0);
  child.kill('SIGINT');
  await closed;
  t.deepEqual(
    children.filter((pid) => existsSync(`/proc/${pid}`) && !isZombie(pid)),
    [],
  );
  t.deepEqual(leftOfSharedFlows(), before);
});

function isZombie(pid: string): boolean {
  return unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), ') Z').includes(') Z');
}

test('the portable engine is measured on the same packets, and its profile names ten functions', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const profile = join(directory, 'portable.cpuprofile');
  const args = ['portable', '--runs', '1', '--packets', '1000', '--profile', profile];
  const { speeds, functions } = await runToJson<{ speeds: PortableSpeed[]; functions: FunctionCost[] }>(t, args);
  t.is(speeds.length, 2 * speedRows.length);
  t.true(speeds.every(({ packetsPerSecond }) => packetsPerSecond.median > 0));
  t.is(functions.length, 10);
  t.true((JSON.parse(readFileSync(profile, 'utf8')) as { nodes: unknown[] }).nodes.length > 10);
});

testAsRoot('a scrape is measured beside prom-client, of the same series', async (t) => {
  const args = ['metrics', '--services', '10', '--backends', '30', '--rounds', '2'];
  const { costs, readMs } = await runToJson<MetricsResult>(t, args);
  t.deepEqual(
    costs.map(({ by, series }) => [by, series > 10 * 30]),
    [
      ['weir', true],
      ['prom-client', true],
    ],
  );
  t.true(costs.every(({ ms, cpuMs }) => ms.median > 0 && cpuMs.median > 0));
  t.true(readMs.median > 0);
});

test('an option that makes no sense is refused by name, before anything is started', async (t) => {
  const { child, output } = start(t, ['lab', '--rounds', '0']);
  const [code] = (await once(child, 'close')) as [number];
  t.is(code, 1);
  t.regex(output(), /'--rounds <n>' argument '0' is invalid\. expected a whole number from 1 to 1000/);
});
