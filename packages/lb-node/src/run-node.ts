import { type ConfigEvent, loadNodeConfig, type NodeConfig, watchNodeConfig } from '@weir/control';
import { aborted, createLogger, createReadiness, type Logger, listenToSignals, type Readiness } from '@weir/daemon';
import { type RunningNode, startNode } from './node.js';

/**
 * The daemon: from the configuration file to a node that runs until SIGTERM or SIGINT. Resolves when it has left.
 * @throws what startNode and loadNodeConfig throw; it was logged
 */
export async function runNode(configFile: string): Promise<void> {
  const config = await loadNodeConfig(configFile);
  const logger = createLogger('lb-node', config.log).child({ node: config.node.name });
  const readiness = createReadiness();
  let reload = () => {};
  using signals = listenToSignals(() => reload());
  try {
    await using node = await startNode(config, logger);
    {
      await using source = watchNodeConfig(configFile, (event) => onConfig(event, node, logger, readiness), {
        inForce: config,
      });
      reload = () => {
        readiness.reloading();
        source.reload();
      };
      readiness.ready(node.status());
      logger.info({ services: config.services.length }, 'ready');
      await aborted(signals.stop);
    }
    readiness.stopping('withdrawn, draining');
    logger.info({ signal: signals.stop.reason }, 'leaving');
    await node.leave(signals.hurry);
    logger.info('left; the program stays attached, "lb-node detach" removes it');
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function onConfig(event: ConfigEvent, node: RunningNode, logger: Logger, readiness: Readiness): Promise<void> {
  if (event.kind === 'refused') {
    logger.error(
      { err: event.error },
      `the changed configuration is refused, the old one stays: ${event.error.message}`,
    );
  } else {
    await reconfigure(event.config, node, logger);
  }
  readiness.ready(node.status());
}

async function reconfigure(config: NodeConfig, node: RunningNode, logger: Logger): Promise<void> {
  try {
    await node.reconfigure(config);
    logger.info({ services: config.services.length }, 'configuration in force');
  } catch (error) {
    logger.error({ err: error }, `the changed configuration is not in force: ${(error as Error).message}`);
  }
}
