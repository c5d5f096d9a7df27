import test from 'ava';
import type { NodeCondition, NodeRecord } from '../cluster-config.js';
import { nextRolloutStatus } from './next-rollout-status.js';
import { parseRollout } from './rollout-schema.js';
import type { RolloutStatus, TrafficRate } from './rollout-status.js';
import { RolloutTraffic } from './rollout-traffic.js';
import { brokenPart } from './rollout-view.js';

const well: NodeCondition = {
  sessions: { up: 2, configured: 2 },
  tables: 'a',
  replication: 'current',
  connections: 0,
  packets: 0,
  errors: 0,
  backends: { usable: 1, all: 1 },
};

function nodeOf(name: string, condition: Partial<NodeCondition> = {}): NodeRecord {
  const record = {
    name,
    instance: `${name}-1`,
    state: 'active' as const,
    version: '1.0',
    addresses: [],
    announces: [],
  };
  return { ...record, condition: { ...well, ...condition } };
}

function viewOf(nodes: readonly NodeRecord[], traffic?: TrafficRate) {
  return { keys: new Map(), nodes: new Map(nodes.map((node) => [node.name, node])), traffic };
}

const broken = test.macro((t, second: NodeRecord | undefined, expected: string | undefined) => {
  const nodes = [nodeOf('lb1'), ...(second === undefined ? [] : [second])];
  t.is(brokenPart(viewOf(nodes), ['lb1', 'lb2']), expected);
});

const { condition: _, ...silent } = nodeOf('lb2');

test('a cluster whose nodes are well is whole', broken, nodeOf('lb2'), undefined);
test('a node that is away breaks it', broken, undefined, 'lb2 is not registered');
test(
  'a lost session breaks it',
  broken,
  nodeOf('lb2', { sessions: { up: 1, configured: 2 } }),
  'lb2 has 1 of 2 sessions up',
);
test('other tables break it', broken, nodeOf('lb2', { tables: 'b' }), 'lb2 has other tables than lb1');
test(
  'another version may tell of the same tables otherwise',
  broken,
  { ...nodeOf('lb2', { tables: 'b' }), version: '2.0' },
  undefined,
);
test(
  'replication that lags breaks it',
  broken,
  nodeOf('lb2', { replication: 'behind' }),
  'lb2 is behind with its replication',
);
test(
  'a version that says nothing of itself breaks it',
  broken,
  silent,
  'lb2 (version 1.0) says nothing of its condition',
);

/** What comes of a step that is being checked, by the traffic before and now. */
function checked(before: TrafficRate, traffic: TrafficRate, more: object = {}): RolloutStatus {
  const parsed = parseRollout({ kind: 'restart-nodes', nodes: ['lb1'], errorBudget: 5, ...more });
  if (!('spec' in parsed)) throw new Error(parsed.problem);
  const step = { id: '1', target: 'nodes/lb1', change: 'restart', stage: 'checking', before } as const;
  const steps = [step];
  const fixed = { created: '1', leader: 'lb1', updated: '', atOnce: 1, nodes: ['lb1', 'lb2'] };
  return nextRolloutStatus({
    name: 'it',
    spec: parsed.spec,
    problem: undefined,
    specRevision: '7',
    status: { ...fixed, state: 'running', steps },
    view: viewOf([nodeOf('lb1'), nodeOf('lb2')], traffic),
    waitedMs: () => 3000,
  }).status;
}

test('a step is done when traffic flows and errors stay within the budget', (t) => {
  t.is(checked({ packets: 100, errors: 1 }, { packets: 80, errors: 6 }).state, 'done');
  t.is(checked({ packets: 0, errors: 0 }, { packets: 0, errors: 0 }).state, 'done', 'nobody asked for anything before');
});

test('a quiet cluster that nobody asks anything of for a moment, and errors that waver, are no trouble', (t) => {
  t.is(checked({ packets: 9, errors: 0 }, { packets: 0, errors: 0 }).state, 'done');
  t.is(checked({ packets: 100, errors: 100 }, { packets: 100, errors: 133 }).state, 'done');
  t.is(checked({ packets: 100, errors: 100 }, { packets: 100, errors: 156 }).state, 'paused');
});

test('traffic that stops, and errors beyond the budget, pause the rollout and say so', (t) => {
  t.like(checked({ packets: 100, errors: 0 }, { packets: 0, errors: 0 }), {
    state: 'paused',
    reason: 'traffic has stopped: there were 100 packets a second before the step',
    pausedAt: '7',
  });
  t.like(checked({ packets: 100, errors: 1 }, { packets: 100, errors: 7.5 }), {
    state: 'paused',
    reason: 'errors have risen from 1.0 to 7.5 a second; errorBudget is 5',
  });
});

test('with pauseOnTrouble false trouble is waited out', (t) => {
  t.like(checked({ packets: 100, errors: 0 }, { packets: 0, errors: 0 }, { pauseOnTrouble: false }), {
    state: 'running',
    waiting: 'traffic has stopped: there were 100 packets a second before the step',
  });
});

test('traffic is counted over the whole window alone, and a new life of a node counts from its own beginning', (t) => {
  const traffic = new RolloutTraffic();
  traffic.note([nodeOf('lb1', { packets: 1000, errors: 10 }), nodeOf('lb2', { packets: 500 })], 0);
  t.is(traffic.rate(2000, 0), undefined);
  // Five minutes of growth: they were not told more often before.
  traffic.note([nodeOf('lb1', { packets: 31_000, errors: 610 }), nodeOf('lb2', { packets: 600 })], 1000);
  t.is(traffic.rate(2000, 1000), undefined);
  const reborn = { ...nodeOf('lb2', { packets: 40 }), instance: 'lb2-2' };
  traffic.note([nodeOf('lb1', { packets: 31_100, errors: 612 }), reborn], 2000);
  t.deepEqual(traffic.rate(2000, 2000), { packets: 50, errors: 1 });
  traffic.note([nodeOf('lb1', { packets: 31_200, errors: 614 }), reborn], 3000);
  t.deepEqual(traffic.rate(2000, 3000), { packets: 100, errors: 2 });
  traffic.forget();
  t.is(traffic.rate(2000, 2000), undefined);
});

test('a rollout that is written again as another one is paused, and says what it began with', (t) => {
  const rate = { packets: 100, errors: 0 };
  const reasonOf = (more: object) => checked(rate, rate, more).reason;
  t.regex(
    reasonOf({ kind: 'drain-nodes' }) ?? '',
    /^kind: "drain-nodes" can't take the place of what has begun: its steps are to restart/,
  );
  t.regex(
    reasonOf({ nodes: ['lb2'] }) ?? '',
    /^nodes: \["lb2"\] can't take the place of what has begun: it began with \["lb1"\]/,
  );
  t.is(reasonOf({ nodes: 'all', errorBudget: 9 }), undefined);
});
