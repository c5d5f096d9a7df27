import { type AttachedInterface, type EtcdStatus, type GetServerInfoResponse, ServerService } from '@weir/admin-api';
import type { ClusterStatus } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { NodeFigures } from '../metrics/node-figures.js';
import { type InForce, usableBackends } from '../node-condition.js';
import { VERSION } from '../version.js';
import { invalid } from './admin-error.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import { troublesOf } from './troubles.js';

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** What the service takes. */
export interface ServerParts {
  /** Its level is what may be set. */
  readonly logger: Pick<Logger, 'level'>;
  readonly started: Date;
  readonly figures: () => Promise<NodeFigures>;
  readonly inForce: () => InForce;
  /** One line for people. */
  readonly status: () => string;
  /** Undefined where the configuration has no `etcd`. */
  readonly etcd: () => ClusterStatus | undefined;
  /** Why the newest configuration is not in force; undefined: it is. */
  readonly refused: () => string | undefined;
  /** Of the file that the daemon began with. */
  readonly configFile: string;
  /** The configuration in force, secrets left out. */
  readonly configYaml: () => string;
}

/** weir.admin.v1.Server. */
export function serverService(parts: ServerParts): ServiceMethods {
  return serviceMethods(ServerService, {
    getServerInfo: {
      role: 'viewer',
      unary: async (_, { role }) => serverInfo(await parts.figures(), role, parts),
    },
    getConfig: {
      role: 'viewer',
      unary: async () => ({ yaml: parts.configYaml(), file: parts.configFile }),
    },
    setLogLevel: {
      role: 'admin',
      writes: true,
      async unary({ level }, caller) {
        if (!LEVELS.includes(level)) {
          const description = `${JSON.stringify(level)} is not one of ${LEVELS.join(', ')}`;
          throw invalid([{ field: 'level', description }]);
        }
        const before = parts.logger.level;
        parts.logger.level = level;
        caller.audit({ target: 'log level', before, after: level });
        return { level };
      },
    },
  });
}

function serverInfo(figures: NodeFigures, role: string, parts: ServerParts): GetServerInfoResponse {
  const { config } = figures;
  const etcd = parts.etcd();
  const backends = usableBackends(parts.inForce());
  return {
    node: config.node.name,
    version: VERSION,
    started: parts.started,
    engine: config.dataplane.engine,
    interfaces: figures.attachments.map(({ interface: name, mode }): AttachedInterface => ({ name, mode })),
    status: parts.status(),
    ...(etcd === undefined ? {} : { etcd: etcdStatus(etcd) }),
    logLevel: parts.logger.level,
    role,
    services: config.services.length,
    backends: backends.all,
    backendsUsable: backends.usable,
    troubles: [...troublesOf(figures, etcd, parts.refused())],
  };
}

function etcdStatus({ connected, source, revision, lastError = '', skipped }: ClusterStatus): EtcdStatus {
  return { isConnected: connected, source, revision, lastError, skipped: Object.fromEntries(skipped) };
}
