import test from 'ava';
import type { NodeRecord } from '../cluster-config.js';
import { nextRolloutStatus } from './next-rollout-status.js';
import { parseRollout, type RolloutSpec } from './rollout-schema.js';
import type { RolloutStatus } from './rollout-status.js';
import { RolloutWaits } from './rollout-waits.js';

const MINUTE_MS = 60_000;

const { spec } = parseRollout({
  kind: 'drain-nodes',
  nodes: ['lb1'],
  ...{ drainTimeout: '30m', stepTimeout: '5m', checkFor: '0s' },
}) as { spec: RolloutSpec };

const draining: NodeRecord = {
  ...{ name: 'lb1', instance: 'lb1-1', state: 'draining', version: '1.0', addresses: [], announces: [] },
  condition: {
    ...{ sessions: { up: 1, configured: 1 }, tables: 'a', replication: 'current', connections: 5 },
    ...{ packets: 0, errors: 0, backends: { usable: 1, all: 1 }, rolloutStep: 'it/1' },
  },
};

/** A drain of lb1 that a leader looks at, with a clock that the test sets. */
class Drain {
  #nowMs = 0;
  readonly #waits = new RolloutWaits(() => this.#nowMs);
  status: RolloutStatus = {
    ...{ created: '1', state: 'running', leader: '', updated: '', atOnce: 1, nodes: ['lb1', 'lb2'] },
    steps: [{ id: '1', target: 'nodes/lb1', change: 'drain', stage: 'draining', former: null }],
  };

  /** @param atMinute  when the leader looks */
  look(atMinute: number, isThere: boolean): RolloutStatus {
    this.#nowMs = atMinute * MINUTE_MS;
    const nodes = new Map([['lb2', { ...draining, name: 'lb2' }], ...(isThere ? [['lb1', draining] as const] : [])]);
    const scene = { name: 'it', spec, problem: undefined, specRevision: '1', status: this.status };
    const view = { keys: new Map(), nodes, traffic: undefined };
    const waitedMs = (...[step, what]: Parameters<Parameters<typeof nextRolloutStatus>[0]['waitedMs']>) =>
      this.#waits.waitedMs('it', step, what);
    this.status = nextRolloutStatus({ ...scene, view, waitedMs }).status;
    this.#waits.endRound();
    return this.status;
  }
}

test('a node that is away for a moment late in its drain is waited for, and the drain ends at its limit', (t) => {
  const drain = new Drain();
  for (const minute of [0, 10, 20]) drain.look(minute, true);
  t.like(drain.look(21, false), { state: 'running', waiting: 'lb1 is not registered any more' });
  t.like(drain.look(29, true), { state: 'running', waiting: 'lb1 has 5 connections left' });
  t.is(drain.look(30, true).steps[0]?.stage, 'checking');
});

test('a node that stays away in its drain pauses the rollout, which says for how long', (t) => {
  const drain = new Drain();
  for (const minute of [0, 10]) drain.look(minute, true);
  for (const minute of [11, 15]) t.is(drain.look(minute, false).state, 'running');
  t.like(drain.look(16, false), { state: 'paused', reason: 'lb1 is not registered any more, for 300 s' });
});
