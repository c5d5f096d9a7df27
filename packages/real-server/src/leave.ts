import type { Logger } from '@weir/daemon';
import { LeftNote } from './decapsulation.js';
import { ChangeRecord } from './host-changes.js';
import { takeBack } from './take-back.js';

/**
 * Takes back what an agent did that has ended and was told to keep it, or was killed. One that runs would go on without it.
 *
 * @returns whether there was anything
 */
export async function leave(pinDirectory: string, logger: Logger): Promise<boolean> {
  using note = LeftNote.open(pinDirectory);
  if (note === undefined) return false;
  await takeBack(pinDirectory, new ChangeRecord(note), logger);
  return true;
}
