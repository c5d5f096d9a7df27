import type { ClusterConfigSource, NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type NodeSubject, requireFreeIdentity, requireHost, requireWidth, requireWork } from '@weir/doctor';

/**
 * What the host has to be before anything is opened.
 * @throws {StartError} KERNEL_TOO_OLD, CAPABILITY_MISSING
 */
export async function requireFitHost(configFile: string, config: NodeConfig): Promise<void> {
  await requireHost(subjectOf(configFile, config));
}

/**
 * What has to be right around a node that knows its configuration, before it forwards anything. A way to a backend that
 * does not serve, or not packets as large as Ethernet has them, is told of.
 * @throws {StartError} ETCD_UNREACHABLE, NODE_ID_TAKEN, MTU_TOO_SMALL
 */
export async function requireFitSurroundings(
  configFile: string,
  source: Pick<ClusterConfigSource, 'config' | 'status' | 'nodes'>,
  logger: Logger,
): Promise<void> {
  const { config } = source;
  requireWork(config, source.status());
  requireFreeIdentity(config, source.nodes());
  const { faults, warnings } = await requireWidth(subjectOf(configFile, config));
  for (const fault of faults) logger.error({ event: 'mtu_too_small' }, fault);
  for (const warning of warnings) logger.warn({ event: 'mtu_small' }, warning);
}

function subjectOf(configFile: string, config: NodeConfig): NodeSubject {
  return { role: 'node', configFile, config, services: config.services };
}
