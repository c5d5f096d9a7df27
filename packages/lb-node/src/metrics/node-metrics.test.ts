import { freePorts } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { config, figures } from '../test-support/figures.js';
import { NodeMetrics } from './node-metrics.js';

async function metricsOf(t: ExecutionContext) {
  const [port = 0] = await freePorts(1);
  const listening = { ...config, metrics: { listen: { host: '127.0.0.1', port }, backendsMax: 100 } };
  const metrics = await NodeMetrics.open(listening);
  t.teardown(() => metrics[Symbol.asyncDispose]());
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  return { metrics, listening, ask };
}

test('it listens nowhere without the section', async (t) => {
  await using metrics = await NodeMetrics.open(config);
  t.is(metrics.port, undefined);
});

test('/readyz is unavailable until the node runs, and again when it leaves; /healthz is well meanwhile', async (t) => {
  const { metrics, ask } = await metricsOf(t);
  t.like(await ask('/readyz'), { status: 503, text: 'starting\n' });
  metrics.running(async () => figures);
  t.like(await ask('/readyz'), { status: 200, text: 'ready\n' });
  metrics.leaving();
  t.like(await ask('/readyz'), { status: 503, text: 'leaving\n' });
  t.like(await ask('/healthz'), { status: 200, text: 'ok\n' });
});

test('/metrics has the process before the node runs, and the node until it has left', async (t) => {
  const { metrics, ask } = await metricsOf(t);
  const early = await ask('/metrics');
  t.is(early.type, 'text/plain; version=0.0.4; charset=utf-8');
  t.regex(early.text, /^process_cpu_seconds_total /m);
  t.notRegex(early.text, /^weir_backends /m);
  metrics.running(async () => figures);
  metrics.leaving();
  t.regex((await ask('/metrics')).text, /^weir_backends 3$/m);
});

test('passes and configurations are counted as they happen', async (t) => {
  const { metrics, ask } = await metricsOf(t);
  const changes = { servicesAdded: 0, servicesRemoved: 0, backendsAdded: 1, backendsRemoved: 0 };
  metrics.counts.passed({ durationMs: 20, changes: { ...changes, rowsMoved: 5, rowsWritten: 251 }, failed: false });
  metrics.counts.passed({ durationMs: 3000, changes: undefined, failed: true });
  metrics.counts.configInForce();
  metrics.counts.configRefused();
  const { text } = await ask('/metrics');
  for (const line of [
    'weir_reconcile_duration_seconds_bucket{le="0.025"} 1',
    'weir_reconcile_duration_seconds_count 2',
    'weir_reconcile_passes_total{result="failed"} 1',
    'weir_director_rows_moved_total 5',
    'weir_director_rows_written_total 251',
    'weir_config_refused_total 1',
    'weir_config_refused 1',
  ]) {
    t.true(text.includes(`\n${line}\n`), line);
  }
});

test('figures that can not be read are an error of the server, and the next scrape is none', async (t) => {
  const { metrics, ask } = await metricsOf(t);
  metrics.running(() => Promise.reject(new Error('the data plane is closed')));
  t.like(await ask('/metrics'), { status: 500, text: 'the data plane is closed\n' });
  metrics.running(async () => figures);
  t.is((await ask('/metrics')).status, 200);
});

test('another path is told what there is, another method what may be asked', async (t) => {
  const { ask } = await metricsOf(t);
  t.like(await ask('/'), { status: 404, text: 'there is /metrics, /healthz, /readyz\n' });
  t.is((await ask('/constructor')).status, 404);
  t.like(await ask('/metrics', 'POST'), { status: 405, text: 'there is GET and HEAD\n' });
  t.like(await ask('/healthz?verbose', 'HEAD'), { status: 200, text: '' });
});

test('an address that is taken refuses the start, and is named', async (t) => {
  const { listening } = await metricsOf(t);
  await t.throwsAsync(NodeMetrics.open(listening), {
    code: 'METRICS_ADDRESS_REFUSED',
    message:
      /^metrics\.listen: 127\.0\.0\.1 port \d+ can't be listened on: .*EADDRINUSE.*; take an address of this node/,
  });
});
