import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError, type NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';

/** Settings that are fixed when the daemon starts. */
const fixedSettings = [
  'node',
  'dataplane',
  'bgp',
  'vrrp',
  'state',
  'etcd',
  'kubernetes',
  'metrics',
  'admin',
  'runtimeDirectory',
  'log',
] as const;

/** Why the next configuration can't be put in force without a restart. Undefined: it can. */
export function restartRefusal(current: NodeConfig, next: NodeConfig): ConfigError | undefined {
  const changed = changedFixedSettings(current, next);
  if (changed.length === 0) return undefined;
  return new ConfigError(
    'CONFIG_NEEDS_RESTART',
    `${changed.join(', ')} can't change while the node runs; restart it to put that in force`,
    { details: { changed } },
  );
}

/**
 * What VRRP was started with, which follows from weir.yaml and from settings/nodes in etcd: where the latter would have
 * it otherwise, it stays, so that the rest can change.
 */
export class StartedVrrp {
  readonly #logger: Pick<Logger, 'warn'>;
  #told = '';

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  /** The next configuration with VRRP as it is; says once that a restart is due. */
  keptIn(next: NodeConfig, current: NodeConfig): NodeConfig {
    if (current.etcd === undefined || current.vrrp === undefined || next.vrrp === undefined) return next;
    const changed = differences('vrrp', current.vrrp, next.vrrp);
    const text = changed.join(', ');
    if (text !== '' && text !== this.#told) {
      const message = `${text} can't change while the node runs; the rest is put in force, restart it for that`;
      this.#logger.warn({ event: 'config_needs_restart', changed }, message);
    }
    this.#told = text;
    return { ...next, vrrp: current.vrrp };
  }
}

/** Where two configurations differ in what only a restart puts in force, such as `node.interfaces`. */
export function changedFixedSettings(current: NodeConfig, next: NodeConfig): readonly string[] {
  return fixedSettings.flatMap((name) => differences(name, fixedPart(current, name), fixedPart(next, name)));
}

/** Without what the data plane takes at any time, and the attributes of announcements, which may change. */
function fixedPart(config: NodeConfig, name: (typeof fixedSettings)[number]): unknown {
  switch (name) {
    case 'node': {
      const { localAddresses: _, wantedState: _state, ...fixed } = config.node;
      return fixed;
    }
    case 'dataplane': {
      const { timeouts: _, ...fixed } = config.dataplane;
      return fixed;
    }
    case 'bgp': {
      if (config.bgp === undefined) return undefined;
      const { announce: _, backupPools: _pools, gracefulShutdownMs: _time, maxVips: _most, ...fixed } = config.bgp;
      return fixed;
    }
    case 'admin': {
      const { roles: _, auditLog: _log, tls, socket, ...fixed } = config.admin;
      // A default path goes with the directory, which is told of by itself.
      const isDefault = socket !== undefined && dirname(socket.path) === config.runtimeDirectory;
      const ownSocket = socket && { ...socket, path: isDefault ? basename(socket.path) : socket.path };
      return { ...fixed, socket: ownSocket, hasTls: tls !== undefined };
    }
    case 'kubernetes': {
      if (config.kubernetes === undefined) return undefined;
      const { pools: _, defaults: _defaults, ...fixed } = config.kubernetes;
      return fixed;
    }
    case 'log':
      return { format: config.log.format };
    case 'vrrp':
    case 'state':
    case 'etcd':
    case 'metrics':
    case 'runtimeDirectory':
      return config[name];
  }
}

function differences(path: string, current: unknown, next: unknown): readonly string[] {
  if (isDeepStrictEqual(current, next)) return [];
  if (!isRecord(current) || !isRecord(next)) return [path];
  const keys = new Set([...Object.keys(current), ...Object.keys(next)]);
  return [...keys].flatMap((key) => differences(`${path}.${key}`, current[key], next[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
