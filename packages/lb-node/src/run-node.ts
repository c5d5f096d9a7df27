import {
  type ClusterConfigSource,
  type ConfigEvent,
  loadNodeConfig,
  type NodeConfig,
  openConfigSource,
} from '@weir/control';
import { aborted, createLogger, createReadiness, type Logger, listenToSignals, type Readiness } from '@weir/daemon';
import { type NodeAdmin, openAdmin } from './admin/open-admin.js';
import { ClusterPresence } from './cluster-presence.js';
import { describeClusterStatus } from './cluster-status-text.js';
import { restartRefusal } from './fixed-settings.js';
import { NodeMetrics } from './metrics/node-metrics.js';
import { type RunningNode, startNode } from './node.js';
import { refuseDistantBackends } from './same-subnet.js';
import { requireFitHost, requireFitSurroundings } from './start-requirements.js';
import { takePartInRollouts } from './take-part-in-rollouts.js';
import { VERSION } from './version.js';

/** How late people may learn that etcd is gone or back: it changes nothing else. */
const STATUS_MS = 1000;

/** Why the daemon ended: by a signal, or for a rollout, whatever started it shall start it again. */
export type NodeEnd = 'ended as asked' | 'to be started again';

/**
 * The daemon: from the configuration file, and the etcd that it may name, to a node that runs until SIGTERM or SIGINT, or
 * until a rollout wants it to be started again. Resolves when it has left.
 * @throws {StartError} what this host or its surroundings lack; what startNode and openConfigSource throw. It was logged
 */
export async function runNode(configFile: string): Promise<NodeEnd> {
  const file = await loadNodeConfig(configFile);
  const { node: own, log } = file;
  const logger = createLogger('lb-node', log).child({ node: own.name });
  const readiness = createReadiness();
  const restart = new AbortController();
  let reload = () => {};
  using signals = listenToSignals(() => reload());
  try {
    await requireFitHost(configFile, file);
    await using source = await openConfigSource(configFile, {
      logger,
      refusal: restartRefusal,
      check: refuseDistantBackends,
    });
    await requireFitSurroundings(configFile, source, logger);
    await using metrics = await NodeMetrics.open(file);
    await using presence = new ClusterPresence(source, VERSION);
    await using node = await startNode(source.config, logger, {
      onAnnounced: (announces) => presence.tell({ announces }),
      onPass: metrics.counts.passed,
    });
    presence.tell({ phase: 'running' });
    await using admin = await openAdmin({ configFile, source, node, status: () => statusOf({ node, source }), logger });
    const daemon = { source, presence, node, restart, logger, readiness, metrics, admin };
    metrics.counts.configInForce();
    metrics.running(async () => ({
      node: await node.figures(),
      etcd: source.config.etcd === undefined ? undefined : source.status(),
    }));
    reload = () => {
      readiness.reloading();
      source.reload();
    };
    let changing: Promise<void> = Promise.resolve();
    source.follow((event) => {
      // What leaves is not changed any more.
      if (!signals.stop.aborted && !restart.signal.aborted) changing = onConfig(event, daemon);
      return changing;
    });
    readiness.ready(statusOf(daemon));
    using _telling = tellStatus(daemon);
    logger.info({ event: 'node_ready', ...inForce(source) }, 'ready');
    {
      const { config } = source;
      const name = config.node.name;
      await using _part = config.etcd && takePartInRollouts({ config: config.etcd, name, node, presence, logger });
      await aborted(AbortSignal.any([signals.stop, restart.signal]));
    }
    // It was told why it failed.
    await changing.catch(() => {});
    const isRestart = !signals.stop.aborted;
    presence.tell({ phase: 'leaving' });
    metrics.leaving();
    admin.leaving();
    readiness.stopping('withdrawn, draining');
    const why = isRestart ? { rollout: source.config.rollout?.step } : { signal: signals.stop.reason };
    logger.info({ event: 'node_leaving', ...why }, 'leaving');
    await node.leave(signals.hurry, isRestart ? 'for a restart' : 'for good');
    logger.info({ event: 'node_left' }, 'left; the program stays attached, "lb-node detach" removes it');
    return isRestart ? 'to be started again' : 'ended as asked';
  } catch (error) {
    logger.fatal({ event: 'start_failed', err: error }, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** What a change of the configuration has to do with. */
interface Daemon {
  readonly source: ClusterConfigSource;
  readonly presence: ClusterPresence;
  readonly node: RunningNode;
  /** Aborts when a rollout wants this life of the daemon to end. */
  readonly restart: AbortController;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly metrics: NodeMetrics;
  readonly admin: NodeAdmin;
}

/** @throws why a changed configuration is not in force; it was logged */
async function onConfig(event: ConfigEvent, daemon: Daemon): Promise<void> {
  try {
    if (event.kind === 'refused') {
      daemon.metrics.counts.configRefused();
      daemon.logger.error(
        { event: 'config_refused', err: event.error },
        `the changed configuration is refused, the old one stays: ${event.error.message}`,
      );
    } else {
      await reconfigure(event.config, daemon);
    }
  } finally {
    if (event.kind === 'changed' && event.config.rollout?.restartInstance === daemon.presence.instance) {
      daemon.restart.abort();
    }
    daemon.readiness.ready(statusOf(daemon));
  }
}

/** @throws what the node throws; it was logged */
async function reconfigure(
  config: NodeConfig,
  { node, source, presence, logger, metrics, admin }: Daemon,
): Promise<void> {
  try {
    const { level } = node.inForce().config.log;
    const pass = node.reconfigure(config);
    // Others may know that it drains before its routers do.
    presence.tell();
    await pass;
    // Another one may have been set by the admin API: it stays until this setting itself changes.
    if (config.log.level !== level) logger.level = config.log.level;
    metrics.counts.configInForce();
    admin.reconfigured(config);
    logger.info({ event: 'config_in_force', ...inForce(source) }, 'configuration in force');
  } catch (error) {
    metrics.counts.configRefused();
    logger.error(
      { event: 'config_refused', err: error },
      `the changed configuration is not in force: ${(error as Error).message}`,
    );
    throw error;
  }
}

/** Keeps what `systemctl status` shows of etcd true, until disposed of: nothing calls back when it goes. */
function tellStatus(daemon: Daemon): Disposable {
  let told = statusOf(daemon);
  return setInterval(() => {
    const status = statusOf(daemon);
    if (status !== told) daemon.readiness.status(status);
    told = status;
  }, STATUS_MS).unref();
}

function statusOf({ node, source }: Pick<Daemon, 'node' | 'source'>): string {
  return [node.status(), ...describeEtcd(source)].join(', ');
}

/** For logs. */
function inForce(source: ClusterConfigSource): object {
  const [from] = describeEtcd(source);
  return { services: source.config.services.length, ...(from === undefined ? {} : { from }) };
}

/** Nothing where the configuration has no `etcd`. */
function describeEtcd(source: ClusterConfigSource): readonly string[] {
  return source.config.etcd === undefined ? [] : [describeClusterStatus(source.status())];
}
