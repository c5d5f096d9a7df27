import type { DropReason } from './drop-reason.js';
import type { TraceStep, TraceVerdict } from './packet-trace.js';

/** What an engine did with a traced packet. */
export interface TracedEnd {
  readonly action: 'pass' | 'drop' | 'transmit';
  /** Why the packet itself was dropped; with `transmit` an ICMP error went out in its place. */
  readonly reason: DropReason | undefined;
  readonly ingressIfindex: number;
  /** The backend that it went to is another node. */
  readonly isHandedOver: boolean;
}

/** The same in words for who asked. */
export function traceVerdict(
  steps: readonly TraceStep[],
  { action, reason, ingressIfindex, isHandedOver }: TracedEnd,
): TraceVerdict {
  if (action === 'pass') return { kind: 'passed' };
  if (action === 'drop') return reason === undefined ? { kind: 'asked' } : { kind: 'dropped', reason };
  const hop = steps.findLast((step) => step.step === 'next_hop');
  // Only the node's own answers ask for no way: they go back where the packet came from.
  if (reason !== undefined || hop?.outcome !== 'found') return { kind: 'answered', ifindex: ingressIfindex, reason };
  const method = steps.findLast((step) => step.step === 'method');
  if (isHandedOver && method !== undefined) {
    return { kind: 'handed_over', ifindex: hop.ifindex, node: method.backend.address };
  }
  return { kind: 'forwarded', ifindex: hop.ifindex };
}
