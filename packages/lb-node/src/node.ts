import { setTimeout as wait } from 'node:timers/promises';
import type { NodeCondition, NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { Dataplane } from '@weir/dataplane';
import { everyStep } from './every-step.js';
import { restartRefusal, StartedVrrp } from './fixed-settings.js';
import { warningOfSeed } from './guessable-seed.js';
import type { NodeFigures } from './metrics/node-figures.js';
import { onNetworkChange } from './network-events.js';
import { type InForce, NodeConditions } from './node-condition.js';
import { NodeHealth } from './node-health.js';
import { type NodeSharing, openSharing } from './node-sharing.js';
import type { NodeSpeaker } from './node-speaker.js';
import { openDataplane } from './open-dataplane.js';
import { openSpeaker } from './open-speaker.js';
import { OverrideSource } from './override-source.js';
import { type Reconciled, Reconciler, type ReconcilerParts } from './reconciler.js';
import { ReportSocket } from './report-socket.js';
import { NearBackends, refuseDistantBackends } from './same-subnet.js';
import { resolveHops } from './unresolved-hops.js';

/** How often the whole is looked at without an occasion. */
const RESYNC_MS = 10_000;
/** Events of the network come in bursts; one pass serves a burst. */
const BURST_MS = 100;
/** How long to wait before the next pass after one that failed. */
const RETRY_MS = 1_000;

/** A node that forwards and announces. */
export interface RunningNode extends AsyncDisposable {
  /**
   * Puts a changed configuration in force.
   * @throws {ConfigError} when it changes what needs a restart, or contradicts the addresses of this node; the old one
   *   stays
   */
  reconfigure(config: NodeConfig): Promise<void>;
  /** One line for people: what is announced, what is reachable. */
  status(): string;
  /** What its parts count and know, read now. */
  figures(): Promise<NodeFigures>;
  /** What the last pass put in force. */
  inForce(): InForce;
  /** For those who look at flows, tables and packets; its tables are the passes' business. */
  readonly dataplane: Dataplane;
  /**
   * What rollouts want to know; packets and errors since the first call.
   * @param followed  `SERVICE/BACKEND`: to be told of each by itself
   */
  condition(followed: readonly string[]): Promise<NodeCondition>;
  /**
   * Withdraws, goes on forwarding for the configured time, then stops. An aborted signal cuts the time short.
   * @param how  `for a restart`: sessions stay up for the next life, and a node that announces nothing waits for nothing
   */
  leave(hurry: AbortSignal, how?: 'for good' | 'for a restart'): Promise<void>;
}

/**
 * Starts a node: program loaded, first tables in force, gobgpd or keepalived up, VIPs announced. Resolves after the first complete
 * pass.
 * @throws {DataplaneError | SpeakerError | ConfigError | WeirError} what stands in the way; nothing is left running then but what was pinned
 */
export async function startNode(
  config: NodeConfig,
  logger: Logger,
  { onAnnounced, onPass }: Pick<ReconcilerParts, 'onAnnounced' | 'onPass'> = {},
): Promise<RunningNode> {
  await refuseDistantBackends(config);
  const warning = warningOfSeed(config);
  if (warning !== undefined) logger.warn({ event: 'seed_guessable' }, warning);
  const { dataplane, origin } = openDataplane(config);
  let overrides: OverrideSource | undefined;
  let speaker: NodeSpeaker | undefined;
  let sharing: NodeSharing | undefined;
  let health: NodeHealth | undefined;
  const reports: ReportSocket[] = [];
  /** Gives up what was opened so far, whatever of it fails. */
  const close = (leaveRunning: boolean) =>
    everyStep(logger, [
      () => overrides?.[Symbol.dispose](),
      () => speaker?.stop({ leaveRunning }),
      ...reports.map((report) => () => report[Symbol.asyncDispose]()),
      () => health?.[Symbol.asyncDispose](),
      () => sharing?.[Symbol.asyncDispose](),
      () => dataplane[Symbol.asyncDispose](),
    ]);
  try {
    logger.info({ event: 'tables_opened', ...origin }, `tables ${origin.kind}`);
    const now = () => performance.now();
    let onSharingChange = () => {};
    let onOverride = () => {};
    if (config.bgp !== undefined) overrides = new OverrideSource(config.bgp.overridesFile, logger, () => onOverride());
    let onHealthChange = () => {};
    const isSameLife = origin.kind === 'taken over';
    if (config.state !== undefined) {
      const onChange = () => onSharingChange();
      sharing = await openSharing(config, config.state, { dataplane, isSameLife, logger, now, onChange });
      reports.push(await ReportSocket.open(config, 'sharing', sharing.report));
    }
    health = new NodeHealth(config.node.interfaces, {
      dataplane,
      logger,
      onChange: () => onHealthChange(),
      awaitsVerdicts: isSameLife,
    });
    reports.push(await ReportSocket.open(config, 'health', health.report));
    const parts = {
      dataplane,
      logger,
      now,
      health,
      near: new NearBackends(logger),
      sharing: sharing?.moment,
      absentNodes: sharing?.absentNodes,
      overrides: () => overrides?.overrides ?? new Map(),
      onAnnounced,
      onPass,
    };
    // Forwarding comes before announcing, and so does its failure.
    await new Reconciler(config, { ...parts, speaker: undefined }).reconcile();
    await health.firstVerdicts();
    speaker = await openSpeaker(config, logger);
    const vrrp = new StartedVrrp(logger);
    const announcing = new Reconciler(config, { ...parts, speaker });
    let reconciled = await announcing.reconcile();

    const passes = new AbortController();
    const pass = async () => {
      try {
        took(await announcing.reconcile());
      } catch (error) {
        logger.error({ event: 'pass_failed', err: error }, 'a pass failed; the next one tries again');
        later(RETRY_MS);
      }
    };
    let pending: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
    /** A pass after so many ms, or sooner if one is due by then. */
    const later = (ms: number) => {
      const atMs = now() + ms;
      if (passes.signal.aborted || (pending !== undefined && pending.atMs <= atMs)) return;
      clearTimeout(pending?.timer);
      const timer = setTimeout(() => {
        pending = undefined;
        void pass();
      }, ms);
      pending = { atMs, timer };
    };
    const took = (result: Reconciled) => {
      reconciled = result;
      if (result.againInMs !== undefined) later(result.againInMs);
    };
    took(reconciled);
    onSharingChange = () => later(0);
    onOverride = () => later(0);
    onHealthChange = () => later(0);
    onNetworkChange(() => later(BURST_MS), passes.signal);
    const resolving = resolveHops(dataplane, logger, passes.signal);
    const resync = setInterval(() => later(0), RESYNC_MS);
    const conditions = new NodeConditions({
      counters: () => dataplane.counters(),
      sessions: async () => (await speaker?.sessions()) ?? { up: 0, configured: 0 },
      replication: () => sharing?.report().store,
      inForce: () => reconciled.inForce,
    });
    let stopped = false;
    const stop = async (leaveRunning: boolean) => {
      if (stopped) return;
      stopped = true;
      passes.abort();
      clearTimeout(pending?.timer);
      clearInterval(resync);
      await everyStep(logger, [() => resolving, () => announcing.settled()]);
      await close(leaveRunning);
    };

    return {
      async reconfigure(config) {
        const next = vrrp.keptIn(config, announcing.config);
        const refusal = restartRefusal(announcing.config, next);
        if (refusal !== undefined) throw refusal;
        await refuseDistantBackends(next);
        announcing.want(next);
        sharing?.reconfigure(next);
        took(await announcing.reconcile());
      },
      status: () =>
        [
          `${reconciled.announced.length} VIPs announced`,
          `${reconciled.reachableBackends} backends reachable`,
          ...[health?.status(), sharing?.status()].filter((part) => part !== undefined),
        ].join(', '),
      dataplane,
      figures: async () => ({
        config: announcing.config,
        counters: await dataplane.counters(),
        flowTable: dataplane.flowTableFill(),
        attachments: dataplane.attachments(),
        health: health?.report() ?? { backends: [] },
        sharing: sharing?.report(),
        speaker: await speaker?.status(),
        announced: announcing.announced,
        overrides: parts.overrides(),
        silence: announcing.silence,
        reachableBackends: reconciled.reachableBackends,
      }),
      inForce: () => reconciled.inForce,
      condition: (followed) => conditions.read(followed),
      async leave(hurry, how = 'for good') {
        const isForRestart = how === 'for a restart';
        const wasDrained = isForRestart && reconciled.announced.length === 0;
        await announcing
          .drain(hurry)
          .catch((error: unknown) => logger.error({ event: 'withdrawal_failed', err: error }, 'could not withdraw'));
        if (!wasDrained) {
          const drainMs = announcing.config.shutdown.drainMs;
          logger.info({ event: 'node_draining', drainMs }, 'withdrawn; forwarding goes on while routers take note');
          await wait(drainMs, undefined, { signal: hurry }).catch(() =>
            logger.warn({ event: 'drain_cut_short' }, 'draining cut short'),
          );
        }
        await stop(isForRestart);
      },
      [Symbol.asyncDispose]: () => stop(true),
    };
  } catch (error) {
    await close(false);
    throw error;
  }
}
