import type { SpeakerLogger } from '@weir/bgp-speaker';

/** Takes steps one after the other. One that fails is logged, and keeps none of the others from being taken. Never rejects. */
export async function everyStep(
  logger: Pick<SpeakerLogger, 'error'>,
  steps: readonly (() => unknown)[],
): Promise<void> {
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      logger.error(
        { event: 'end_failed', err: error },
        `a step of the end failed: ${(error as Error).message}; the others go on`,
      );
    }
  }
}
