import { readFileSync } from 'node:fs';
import { type ClusterConfigSource, type NodeConfig, parseNodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { RunningNode } from '../node.js';
import { AdminServer } from './admin-server.js';
import { backendsService } from './backends-service.js';
import { bgpService } from './bgp-service.js';
import { configYaml } from './config-yaml.js';
import { directorService } from './director-service.js';
import { flowsService } from './flows-service.js';
import { nodesService } from './nodes-service.js';
import { rolloutsService } from './rollouts-service.js';
import { serverService } from './server-service.js';
import type { ServiceMethods } from './service-methods.js';
import { servicesService } from './services-service.js';
import { statsService } from './stats-service.js';
import { traceService } from './trace-service.js';

/** What the API of a node is made from. */
export interface AdminParts {
  readonly configFile: string;
  readonly source: ClusterConfigSource;
  readonly node: RunningNode;
  /** One line for people. */
  readonly status: () => string;
  readonly logger: Logger;
}

/** The API of a node, for those who start and stop the node. */
export interface NodeAdmin extends AsyncDisposable {
  /** A changed configuration is in force. */
  reconfigured(config: NodeConfig): void;
  /** The node withdraws; it answers until it has left. */
  leaving(): void;
}

/**
 * Serves the API of a node whose tables are in force.
 * @throws {WeirError} what AdminServer.open() throws
 */
export async function openAdmin(parts: AdminParts): Promise<NodeAdmin> {
  const { configFile, source, logger } = parts;
  const file = new FileInForce(configFile);
  const server = await AdminServer.open(source.config.admin, servicesOf(parts, file), { logger });
  server.setServing(true);
  return {
    reconfigured(config) {
      file.read();
      try {
        server.reconfigure(config.admin);
      } catch (err) {
        logger.error({ event: 'admin_tls_refused', err }, `${(err as Error).message}; the former certificates stay`);
      }
    },
    leaving: () => server.setServing(false),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** All services of weir.admin.v1 that this node answers. */
function servicesOf(
  { configFile, source, node, status, logger }: AdminParts,
  file: FileInForce,
): readonly ServiceMethods[] {
  const figures = () => node.figures();
  return [
    serverService({
      logger,
      started: new Date(),
      figures,
      inForce: () => node.inForce(),
      status,
      etcd: () => (source.config.etcd === undefined ? undefined : source.status()),
      refused: () => source.refused,
      configFile,
      configYaml: () => configYaml(file.text, source.config, source.changes),
    }),
    bgpService(figures),
    statsService(figures),
    servicesService({ source, node }),
    backendsService({ source, node }),
    nodesService({ source, node }),
    rolloutsService(() => source.config),
    flowsService({ dataplane: node.dataplane, config: () => source.config, changes: source.changes }),
    directorService({ dataplane: node.dataplane, config: () => source.config }),
    traceService({ dataplane: node.dataplane, config: () => source.config }),
  ];
}

/** The text of weir.yaml that is in force: the newest that was right. */
class FileInForce {
  readonly #path: string;
  text = '';

  constructor(path: string) {
    this.#path = path;
    this.read();
  }

  /** What can't be read, or is wrong, is not in force. */
  read(): void {
    try {
      const text = readFileSync(this.#path, 'utf8');
      parseNodeConfig(text, this.#path);
      this.text = text;
    } catch {
      // It was told where it was refused.
    }
  }
}
