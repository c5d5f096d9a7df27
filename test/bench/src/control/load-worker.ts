/**
 * The program that reads a configuration with all backends from etcd and puts it in force, as lb-node does when it starts.
 * Prints {@link LoadTimes} as JSON, after log lines. Argument: the configuration file.
 */
import { openConfigSource } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { startNode } from '@weir/lb-node/dist/node.js';

export interface LoadTimes {
  readonly backends: number;
  /** In ms since 1970. */
  readonly beganMs: number;
  /** From then until the configuration was read, in ms. */
  readonly loadedMs: number;
}

const file = process.argv[2] as string;
const logger = createLogger('load-worker', { level: 'info', format: 'json' });
const began = performance.now();
const beganMs = performance.timeOrigin + began;
await using source = await openConfigSource(file, { logger });
const loadedMs = performance.now() - began;
const node = await startNode(source.config, logger);
const backends = source.config.services.reduce((sum, service) => sum + service.backends.length, 0);
const times: LoadTimes = { backends, beganMs, loadedMs };
process.stdout.write(`${JSON.stringify(times)}\n`);
await node.leave(AbortSignal.abort());
