import test from 'ava';
import { errorCount, parseWrkReport } from './wrk-report.js';

const clean = `Running 4s test @ http://198.51.100.10/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   843.21us    1.02ms  22.14ms   93.10%
    Req/Sec    73.24k     4.11k   81.02k    70.00%
  291602 requests in 4.00s, 66.19MB read
Requests/sec:  72900.47
Transfer/sec:     16.55MB
`;

const troubled = `Running 1m test @ http://198.51.100.10/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.50s   843.21ms   1.99s    50.00%
    Req/Sec     1.02      0.50     2.00     66.67%
  90 requests in 1.50m, 20.00KB read
  Socket errors: connect 3, read 5, write 7, timeout 11
  Non-2xx or 3xx responses: 13
Requests/sec:      1.00
Transfer/sec:     227.56B
`;

test('a run without errors is read with its units', (t) => {
  t.deepEqual(parseWrkReport(clean), {
    requests: 291602,
    seconds: 4,
    requestsPerSecond: 72900.47,
    latencyMeanMs: 0.84321,
    errors: { connect: 0, read: 0, write: 0, timeout: 0, status: 0 },
  });
});

test('errors are read by kind, and minutes are minutes', (t) => {
  const report = parseWrkReport(troubled);
  t.is(report.seconds, 90);
  t.is(report.latencyMeanMs, 1500);
  t.deepEqual(report.errors, { connect: 3, read: 5, write: 7, timeout: 11, status: 13 });
  t.is(errorCount(report.errors), 39);
});

test('anything else is refused with what was found', (t) => {
  t.throws(() => parseWrkReport('unable to connect to 198.51.100.10:80 Connection refused\n'), {
    code: 'BENCH_OUTPUT_UNREADABLE',
    message: /found:\nunable to connect/,
  });
});
