import { isDeepStrictEqual } from 'node:util';
import type { Etcd3 } from 'etcd3';
import { clusterPrefix } from '../cluster/cluster-key.js';
import type { ClusterLog } from '../cluster/cluster-log.js';
import { nextRolloutStatus, type RolloutMove } from './next-rollout-status.js';
import { planRolloutSteps } from './plan-rollout-steps.js';
import { readClusterView, type StoredRollout, type StoredRollouts, servicesOf } from './read-rollouts.js';
import { conflictOf } from './rollout-conflict.js';
import { commitIf, type Guard } from './rollout-etcd.js';
import { fixedDigests } from './rollout-fit.js';
import { tellMove } from './rollout-log.js';
import { isTerminal, type RolloutStatus } from './rollout-status.js';
import type { StepScene } from './rollout-step.js';
import { RolloutTraffic } from './rollout-traffic.js';
import type { ClusterView } from './rollout-view.js';
import { RolloutWaits } from './rollout-waits.js';

/** What a rollout waits for is told so often at most; each writing wakes those who watch. */
const TELL_MS = 1000;

export interface RoundOptions {
  readonly cluster: string;
  /** Of this node. */
  readonly name: string;
  readonly logger: ClusterLog;
  /** What only the leader fulfils. */
  readonly leaderGuard: Guard;
}

/** What a leader does again and again: looks at all rollouts, and moves each as far as it may go. */
export class RolloutRounds {
  readonly #options: RoundOptions;
  readonly #traffic = new RolloutTraffic();
  readonly #waits = new RolloutWaits(() => performance.now());
  readonly #toldMs = new Map<string, number>();
  /** Statuses that can't be read and that a log tells of, each once: their revisions by name. */
  readonly #unread = new Map<string, string>();

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** Another has led meanwhile: what was counted is of another time. */
  forget(): void {
    this.#traffic.forget();
    this.#waits.forget();
  }

  /** @returns has anything moved, so that more may move at once? @throws what etcd says */
  async round(client: Etcd3, { rollouts, orphans }: StoredRollouts): Promise<boolean> {
    await this.#removeOrphans(client, orphans);
    const known = rollouts.filter((rollout) => !this.#isUnread(rollout));
    const open = known.filter(({ status }) => status === undefined || !isTerminal(status.state));
    if (open.length === 0) {
      this.forget();
      return false;
    }
    const services = servicesOf(open);
    const view = await readClusterView(client, this.#options.cluster, services);
    this.#traffic.note(view.nodes.values(), performance.now());
    let hasMoved = false;
    for (const rollout of open) {
      // What one has moved, the next has not seen.
      hasMoved = await this.#drive(client, rollout, rollouts, view);
      if (hasMoved) break;
    }
    if (!hasMoved) this.#waits.endRound();
    return hasMoved;
  }

  /** Left as it is: to begin anew would do steps twice, and forget what targets were before. */
  #isUnread({ name, statusProblem, statusRevision }: StoredRollout): boolean {
    if (statusProblem === undefined) return false;
    if (this.#unread.get(name) !== statusRevision) {
      this.#unread.set(name, statusRevision);
      const message = `rollout ${name} stands still: rollout-status/${name}: ${statusProblem}`;
      this.#options.logger.error({ event: 'rollout.status-unread', rollout: name }, message);
    }
    return true;
  }

  async #drive(
    client: Etcd3,
    rollout: StoredRollout,
    all: readonly StoredRollout[],
    view: Omit<ClusterView, 'traffic'>,
  ): Promise<boolean> {
    const window = rollout.spec?.checkFor ?? 0;
    const seen: ClusterView = { ...view, traffic: this.#traffic.rate(window, performance.now()) };
    const move = this.#moveOf(rollout, all, seen);
    if (!this.#isWorthWriting(rollout, move)) return false;
    const isWritten = await this.#write(client, rollout, move, view);
    if (!isWritten) {
      this.#options.logger.debug({ event: 'rollout.overtaken', rollout: rollout.name }, 'a key was written meanwhile');
      return false;
    }
    tellMove(this.#options.logger, rollout, move);
    this.#toldMs.set(rollout.name, performance.now());
    return true;
  }

  #moveOf(rollout: StoredRollout, all: readonly StoredRollout[], view: ClusterView): RolloutMove {
    const { name, spec, status, problem, revision } = rollout;
    if (status === undefined) return { status: firstStatus(rollout, all, view), writes: [] };
    const waitedMs: StepScene['waitedMs'] = (step, what) => this.#waits.waitedMs(name, step, what);
    return nextRolloutStatus({ name, spec, problem, specRevision: revision, status, view, waitedMs });
  }

  #isWorthWriting({ name, status }: StoredRollout, move: RolloutMove): boolean {
    if (move.writes.length > 0 || status === undefined || status.state !== move.status.state) return true;
    if (!isDeepStrictEqual(stagesOf(status), stagesOf(move.status))) return true;
    if (isDeepStrictEqual(status, move.status)) return false;
    return performance.now() - (this.#toldMs.get(name) ?? Number.NEGATIVE_INFINITY) >= TELL_MS;
  }

  async #write(
    client: Etcd3,
    { name, revision, statusRevision }: StoredRollout,
    { status, writes }: RolloutMove,
    view: Pick<ClusterView, 'keys'>,
  ): Promise<boolean> {
    const { cluster, leaderGuard } = this.#options;
    const prefix = clusterPrefix(cluster);
    const told = { ...status, leader: this.#options.name, updated: new Date().toISOString() };
    return commitIf(
      client,
      [
        leaderGuard,
        { key: `${prefix}rollouts/${name}`, revision },
        { key: `${prefix}rollout-status/${name}`, revision: statusRevision },
        ...writes.map(({ key }) => ({ key: `${prefix}${key}`, revision: view.keys.get(key)?.revision ?? '0' })),
      ],
      [
        { key: `${prefix}rollout-status/${name}`, text: JSON.stringify(told) },
        ...writes.map(({ key, text }) => ({ key: `${prefix}${key}`, text })),
      ],
    );
  }

  async #removeOrphans(client: Etcd3, orphans: ReadonlyMap<string, string>): Promise<void> {
    const { cluster, leaderGuard, logger } = this.#options;
    for (const [name, revision] of orphans) {
      const prefix = clusterPrefix(cluster);
      const key = `${prefix}rollout-status/${name}`;
      const guards = [leaderGuard, { key, revision }, { key: `${prefix}rollouts/${name}`, revision: '0' }];
      if (!(await commitIf(client, guards, [{ key, text: null }]))) continue;
      logger.info({ event: 'rollout.deleted', rollout: name }, `rollout ${name} was deleted; its status goes too`);
    }
  }
}

function firstStatus(rollout: StoredRollout, all: readonly StoredRollout[], view: ClusterView): RolloutStatus {
  const { spec, problem, created } = rollout;
  const started = new Date().toISOString();
  const nothing = { created, started, leader: '', updated: '', atOnce: 1, nodes: [], steps: [] };
  if (spec === undefined) return { ...nothing, state: 'failed', reason: problem ?? 'it is not right' };
  try {
    const { steps, atOnce, nodes } = planRolloutSteps(spec, view);
    const conflict = conflictOf(
      spec,
      steps,
      all.filter(({ name }) => name !== rollout.name),
    );
    if (conflict !== undefined) return { ...nothing, state: 'failed', reason: conflict };
    const begun = steps.map((step) => ({ ...step, stage: 'pending' as const }));
    return { ...nothing, state: 'running', atOnce, nodes: [...nodes], steps: begun, fixed: { ...fixedDigests(spec) } };
  } catch (error) {
    return { ...nothing, state: 'failed', reason: (error as Error).message };
  }
}

function stagesOf({ steps }: RolloutStatus): string[] {
  return steps.map(({ stage }) => stage);
}
