import type { Logger } from '@weir/daemon';
import type { FlowSharing } from '@weir/dataplane';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import type { FlowReplication } from '@weir/state-sync';

/** Leaves most of a core, and most of a store, to flows that are new. */
const FLOWS_PER_SECOND = 20_000;
/** Flows between two pauses. */
const STEP_FLOWS = 1_000;

/** What a retelling works with. */
export interface RetellingParts {
  readonly sharing: Pick<FlowSharing, 'told'>;
  readonly replication: Pick<FlowReplication, 'tell' | 'isAvailable'>;
  readonly logger: Logger;
  /** Resolves after so many ms, or when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Tells all flows again that were told, to a store that is back and has perhaps lost them, at a limited pace. Ends early when
 * the store goes again or the signal is aborted.
 */
export async function retell(
  { sharing, replication, logger, pause }: RetellingParts,
  signal: AbortSignal,
): Promise<void> {
  let flows = 0;
  for (const images of stepsOf(sharing.told())) {
    if (signal.aborted || !replication.isAvailable) return;
    replication.tell(images, true);
    flows += images.byteLength / FLOW_IMAGE_BYTES;
    await pause((images.byteLength / FLOW_IMAGE_BYTES / FLOWS_PER_SECOND) * 1000, signal);
  }
  logger.info({ event: 'flows_told_again', flows }, 'told the store again of flows that live longer');
}

function* stepsOf(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  const stepBytes = STEP_FLOWS * FLOW_IMAGE_BYTES;
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += stepBytes) yield piece.subarray(at, at + stepBytes);
  }
}
