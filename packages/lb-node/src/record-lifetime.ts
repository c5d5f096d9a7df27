import type { NodeConfig } from '@weir/control';

/**
 * For how long the store keeps a flow that is not used any more, at most, in ms: a third more than the data plane. Who
 * served a flow that long ago has no claim to it.
 */
export function recordLifetimeMs({ dataplane }: Pick<NodeConfig, 'dataplane'>): number {
  const { tcpSynMs, tcpMs, tcpFinMs, tcpCloseMs, udpMs, otherMs } = dataplane.timeouts;
  return (Math.max(tcpSynMs, tcpMs, tcpFinMs, tcpCloseMs, udpMs, otherMs) * 4) / 3;
}
