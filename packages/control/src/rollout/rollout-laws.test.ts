import test from 'ava';
import fc from 'fast-check';
import type { NodeRecord } from '../cluster-config.js';
import { nextRolloutStatus } from './next-rollout-status.js';
import { planRolloutSteps } from './plan-rollout-steps.js';
import { parseRollout, type RolloutDocument, type RolloutSpec, type RolloutWish } from './rollout-schema.js';
import { isTerminal, type RolloutStatus, type RolloutStep } from './rollout-status.js';
import { isUnderWay } from './rollout-step.js';
import { type ClusterView, mappingOf, type ViewedKey } from './rollout-view.js';

const NAMES = ['lb1', 'lb2', 'lb3', 'lb4'] as const;
const LIMIT_MS = 300_000;

/** What may happen between two looks of a leader. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('obey' as const), node: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('connections' as const), node: fc.nat(3), count: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), node: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('session' as const), node: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('new life' as const), node: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('install' as const), node: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 0, max: LIMIT_MS }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wish' as const), wish: fc.constantFrom('run', 'pause') }) },
  // Somebody writes what is no rollout.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('spoil' as const) }) },
  // Another leader begins to count anew.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leader' as const) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const options = {
  maxAtOnce: fc.integer({ min: 1, max: 3 }),
  checkFor: fc.constant('0s'),
  pauseOnTrouble: fc.boolean(),
};

const document: fc.Arbitrary<RolloutDocument> = fc.oneof(
  // Draining all is refused.
  fc.record({ kind: fc.constant('drain-nodes' as const), nodes: someOf(3), ...options }),
  fc.record({
    kind: fc.constantFrom('activate-nodes' as const, 'restart-nodes' as const),
    nodes: someOf(4),
    ...options,
  }),
  fc.record({ kind: fc.constant('upgrade-nodes' as const), nodes: someOf(4), version: fc.constant('2.0'), ...options }),
);

/** What node-states say at the start, by node; lb4 stays active. */
const formerStates = fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(undefined, 'active', 'draining')));

interface World {
  readonly keys: Map<string, ViewedKey>;
  readonly nodes: Map<string, NodeRecord>;
  readonly away: Set<string>;
  nowMs: number;
  spec: RolloutSpec;
  isSpoilt: boolean;
  specRevision: number;
  status: RolloutStatus;
  sinceMs: Map<string, number>;
}

test('whatever happens, no more steps are under way than allowed, and a node that was active stays so', (t) => {
  fc.assert(
    fc.property(document, formerStates, fc.array(happening, { maxLength: 120 }), (made, former, happenings) => {
      const world = begin(made, former);
      for (const one of happenings) {
        happen(world, one);
        look(world);
        const underWay = world.status.steps.filter(isUnderWay);
        if (underWay.length > world.status.atOnce) return false;
        if (!NAMES.some((name) => wanted(world, name) !== 'draining')) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('whatever has happened, an abort comes to its end, and every key says what it said before', (t) => {
  fc.assert(
    fc.property(document, formerStates, fc.array(happening, { maxLength: 120 }), (made, former, happenings) => {
      const world = begin(made, former);
      const before = texts(world);
      for (const one of happenings) {
        happen(world, one);
        look(world);
      }
      if (isTerminal(world.status.state)) return true;
      wish(world, 'abort');
      for (let round = 0; round < 50 && !isTerminal(world.status.state); round++) {
        look(world);
        world.nowMs += LIMIT_MS;
      }
      return world.status.state === 'aborted' && JSON.stringify(texts(world)) === JSON.stringify(before);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('whatever is written once an abort has begun, it goes on to its end', (t) => {
  const happenings = fc.array(happening, { maxLength: 60 });
  fc.assert(
    fc.property(document, formerStates, happenings, happenings, (made, former, earlier, later) => {
      const world = begin(made, former);
      const before = texts(world);
      for (const one of earlier) {
        happen(world, one);
        look(world);
      }
      if (isTerminal(world.status.state)) return true;
      wish(world, 'abort');
      look(world);
      for (const one of later) {
        happen(world, one);
        look(world);
        if (world.status.state !== 'aborting' && world.status.state !== 'aborted') return false;
      }
      for (let round = 0; round < 50 && !isTerminal(world.status.state); round++) {
        look(world);
        world.nowMs += LIMIT_MS;
      }
      return world.status.state === 'aborted' && JSON.stringify(texts(world)) === JSON.stringify(before);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('a rollout that stands as running though steps have been put back is aborted to its end', (t) => {
  const world = begin({ kind: 'restart-nodes', nodes: ['lb1', 'lb2'], checkFor: '0s' }, []);
  const [first, second] = world.status.steps as [RolloutStep, RolloutStep];
  world.status = { ...world.status, steps: [{ ...first, stage: 'undone' }, second] };
  look(world);
  t.is(world.status.state, 'aborting');
});

test('where all goes well, a rollout comes to its end, and nobody but drained nodes is left changed', (t) => {
  fc.assert(
    fc.property(document, formerStates, (made, former) => {
      // Of a single active node a restart is refused.
      fc.pre(former.some((state) => state !== 'draining'));
      const world = begin(made, former);
      const before = texts(world);
      for (let round = 0; round < 100 && !isTerminal(world.status.state); round++) {
        for (const node of NAMES.keys()) {
          happen(world, { kind: 'connections', node, count: 0 });
          if (isAwaited(world, NAMES[node] as string)) happen(world, { kind: 'install', node });
          happen(world, { kind: 'obey', node });
        }
        look(world);
        world.nowMs += 60_000;
      }
      const isBack = JSON.stringify(texts(world)) === JSON.stringify(before);
      return world.status.state === 'done' && (isBack || made.kind === 'drain-nodes' || made.kind === 'activate-nodes');
    }),
  );
  t.pass();
});

function someOf(count: number): fc.Arbitrary<string[]> {
  return fc.shuffledSubarray(NAMES.slice(0, count), { minLength: 1 });
}

function begin(made: RolloutDocument, former: readonly (string | undefined)[]): World {
  const parsed = parseRollout(made);
  if (!('spec' in parsed)) throw new Error(parsed.problem);
  const members = NAMES.map((name, at) => ({ name, address: `10.0.0.1${at}`, state: former[at] ?? 'active' }));
  const table = { text: JSON.stringify({ choices: 4, members }), revision: '1', isLeased: false };
  const keys = new Map([
    ['settings/nodes', table] as const,
    ...former.flatMap((state, at) =>
      state === undefined
        ? []
        : [[`node-states/${NAMES[at]}`, { text: JSON.stringify({ state }), revision: '1', isLeased: false }] as const],
    ),
  ]);
  const nodes = new Map(
    NAMES.map((name, at) => [name, record(name, former[at] === 'draining' ? 'draining' : 'active')]),
  );
  const { steps, atOnce, nodes: names } = planRolloutSteps(parsed.spec, { keys, nodes, traffic: undefined });
  return {
    keys,
    nodes: nodes as Map<string, NodeRecord>,
    away: new Set(),
    nowMs: 0,
    spec: parsed.spec,
    isSpoilt: false,
    specRevision: 1,
    sinceMs: new Map(),
    status: {
      created: '1',
      state: 'running',
      leader: '',
      updated: '',
      atOnce,
      nodes: [...names],
      steps: steps.map((step) => ({ ...step, stage: 'pending' })),
    },
  };
}

function record(name: string, state: NodeRecord['state']): NodeRecord {
  const condition = {
    ...{ sessions: { up: 1, configured: 1 }, tables: 'a', replication: 'current' as const },
    ...{ connections: 1, packets: 0, errors: 0, backends: { usable: 1, all: 1 } },
  };
  return { name, instance: `${name}-1`, state, version: '1.0', addresses: [], announces: [], condition };
}

function happen(world: World, one: Happening): void {
  if (one.kind === 'time') world.nowMs += one.ms;
  else if (one.kind === 'leader') world.sinceMs.clear();
  else if (one.kind === 'wish') wish(world, one.wish as 'run' | 'pause');
  else if (one.kind === 'spoil') {
    world.isSpoilt = true;
    world.specRevision += 1;
  } else happenToNode(world, one, NAMES[one.node] as string);
}

function wish(world: World, wished: RolloutWish): void {
  world.isSpoilt = false;
  world.spec = { ...world.spec, wish: wished };
  world.specRevision += 1;
}

function happenToNode(world: World, one: Extract<Happening, { node: number }>, name: string): void {
  if (one.kind === 'away') {
    world.away[world.away.has(name) ? 'delete' : 'add'](name);
    return;
  }
  const before = world.nodes.get(name) as NodeRecord;
  const condition = before.condition as NonNullable<NodeRecord['condition']>;
  const next = (): NodeRecord => {
    switch (one.kind) {
      case 'obey':
        return obedient(world, before);
      case 'connections':
        return { ...before, condition: { ...condition, connections: one.count } };
      case 'session':
        return { ...before, condition: { ...condition, sessions: { up: 1 - condition.sessions.up, configured: 1 } } };
      case 'install':
        return { ...before, version: '2.0', instance: `${before.instance}i` };
      default:
        return { ...before, instance: `${before.instance}n` };
    }
  };
  world.nodes.set(name, next());
}

function obedient(world: World, before: NodeRecord): NodeRecord {
  const { state = 'active', step, restart } = mappingOf(world.keys.get(`node-states/${before.name}`)?.text);
  const condition = before.condition as NonNullable<NodeRecord['condition']>;
  return {
    ...before,
    state: state as NodeRecord['state'],
    instance: restart === before.instance ? `${before.instance}r` : before.instance,
    condition: { ...condition, ...(typeof step === 'string' ? { rolloutStep: step } : {}) },
  };
}

/** What the leader does once. */
function look(world: World): void {
  const view: ClusterView = {
    keys: world.keys,
    nodes: new Map([...world.nodes].filter(([name]) => !world.away.has(name))),
    traffic: undefined,
  };
  const asked = new Set<string>();
  const { status, writes } = nextRolloutStatus({
    name: 'it',
    spec: world.isSpoilt ? undefined : world.spec,
    problem: world.isSpoilt ? 'it is not right' : undefined,
    specRevision: String(world.specRevision),
    status: world.status,
    view,
    waitedMs: ({ id, stage }, what = 'stage') => {
      const key = `${id}/${stage}/${what}`;
      asked.add(key);
      if (!world.sinceMs.has(key)) world.sinceMs.set(key, world.nowMs);
      return world.nowMs - (world.sinceMs.get(key) as number);
    },
  });
  for (const key of world.sinceMs.keys()) if (!asked.has(key)) world.sinceMs.delete(key);
  world.status = status;
  for (const { key, text } of writes) {
    if (text === null) world.keys.delete(key);
    else world.keys.set(key, { text, revision: '2', isLeased: false });
  }
}

function isAwaited({ status }: World, name: string): boolean {
  return status.steps.some(({ target, stage }) => target === `nodes/${name}` && stage === 'installing');
}

function texts({ keys }: World): (readonly [string, string])[] {
  return [...keys].map(([key, { text }]) => [key, text] as const).sort(([a], [b]) => (a < b ? -1 : 1));
}

function wanted({ keys }: World, name: string): unknown {
  return mappingOf(keys.get(`node-states/${name}`)?.text).state;
}
