import test from 'ava';
import { formatHealth } from './health-report.js';

const sinceMs = Date.parse('2026-11-21T19:00:00.000Z');

test('nobody is checked: nothing is printed', (t) => {
  t.is(formatHealth({ backends: [] }), '');
});

test('a line says of a backend how it is, since when and why', (t) => {
  const text = formatHealth({
    backends: [
      {
        service: 'web',
        backend: 'web1',
        verdict: 'up',
        reason: 'status 200',
        sinceMs,
        isHeld: false,
        latencyMs: 1.24,
        goodProbes: 12,
        badProbes: 0,
        changes: 0,
      },
      {
        service: 'web',
        backend: '10.0.0.22',
        verdict: 'down',
        reason: 'connection refused',
        sinceMs,
        isHeld: true,
        goodProbes: 0,
        badProbes: 3,
        changes: 1,
      },
    ],
  });
  t.is(
    text,
    `
Health         Verdict     Since                     Latency  Good  Bad  Reason
web web1       up          2026-11-21T19:00:00.000Z   1.2 ms    12    0  status 200
web 10.0.0.22  down, held  2026-11-21T19:00:00.000Z              0    3  connection refused
`,
  );
});
