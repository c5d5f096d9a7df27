/**
 * The program that reads a configuration with all backends from etcd and puts it in force, as lb-node does when it starts.
 * Prints {@link LoadTimes} as JSON, after log lines. Argument: the configuration file.
 */
import { openConfigSource } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { startNode } from '@weir/lb-node/dist/node.js';

/** From the beginning, in ms. */
export interface LoadTimes {
  readonly backends: number;
  /** Until the configuration was read. */
  readonly loadedMs: number;
  /** Until the tables were in force, and gobgpd ran. */
  readonly startedMs: number;
}

const file = process.argv[2] as string;
const logger = createLogger('load-worker', { level: 'info', format: 'json' });
const began = performance.now();
await using source = await openConfigSource(file, { logger });
const loadedMs = performance.now() - began;
logger.info('loaded');
const node = await startNode(source.config, logger);
const startedMs = performance.now() - began;
const backends = source.config.services.reduce((sum, service) => sum + service.backends.length, 0);
const times: LoadTimes = { backends, loadedMs, startedMs };
process.stdout.write(`${JSON.stringify(times)}\n`);
await node.leave(AbortSignal.abort());
