import test from 'ava';
import { compare, type Sample } from './comparison.js';

const noErrors = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

function sample(contender: Sample['contender'], requests: number, more: Partial<Sample> = {}): Sample {
  return {
    contender,
    workload: 'keep-alive',
    round: 1,
    report: { requests, seconds: 1, requestsPerSecond: requests, latencyMeanMs: 1, errors: noErrors },
    machine: { userUs: 500_000, systemUs: 500_000, interruptUs: 1_000_000 },
    nodeProcessesUs: 0,
    otherProcessesUs: 0,
    ...more,
  };
}

test('ratios are Weir’s median over the other’s, and costs are what is above a direct connection', (t) => {
  const [weir, haproxy, direct] = compare([
    ...[70_000, 80_000, 90_000].map((requests) => sample('weir', requests)),
    ...[40_000, 20_000, 50_000].map((requests) => sample('haproxy', requests)),
    sample('direct', 100_000),
  ]);
  t.is(haproxy?.weirRatio, 2);
  t.is(direct?.weirRatio, 0.8);
  t.is(direct?.machineUs.median, 20);
  t.is(weir?.balancerUs, 5);
  t.is(haproxy?.balancerUs, 30);
  t.is(haproxy?.interruptUs.median, 25);
});

test('workloads are compared each for itself', (t) => {
  const closing = { workload: 'one connection per request' };
  const paths = compare([
    sample('weir', 80_000),
    sample('nftables', 40_000),
    sample('weir', 9_000, closing),
    sample('nftables', 3_000, closing),
  ]);
  t.deepEqual(
    paths.map(({ contender, workload, weirRatio }) => [contender, workload, weirRatio]),
    [
      ['weir', 'keep-alive', 1],
      ['nftables', 'keep-alive', 2],
      ['weir', 'one connection per request', 1],
      ['nftables', 'one connection per request', 3],
    ],
  );
});

test('one round with errors marks the path, and errors of all rounds are added up', (t) => {
  const bad = sample('weir', 10);
  const errors = { ...noErrors, timeout: 2, status: 1 };
  const [path] = compare([sample('weir', 10), ...[1, 2].map(() => ({ ...bad, report: { ...bad.report, errors } }))]);
  t.true(path?.failed);
  t.deepEqual(path?.errors, { ...noErrors, timeout: 4, status: 2 });
});

test('a path that answered nothing has failed, and its figures are still numbers', (t) => {
  const [path] = compare([sample('nftables', 0)]);
  t.true(path?.failed);
  t.true(Number.isFinite(path?.machineUs.median));
});

test('without Weir or a direct connection nothing is compared with them', (t) => {
  const [path] = compare([sample('haproxy', 10)]);
  t.false('weirRatio' in (path ?? {}));
  t.false('balancerUs' in (path ?? {}));
});

test('what other processes took is no cost of a request', (t) => {
  t.is(compare([sample('weir', 100_000, { otherProcessesUs: 500_000 })])[0]?.machineUs.median, 15);
});

test('the disturbance is the share of CPU time that others had', (t) => {
  t.is(compare([sample('weir', 10, { otherProcessesUs: 500_000 })])[0]?.disturbance.median, 0.25);
});
