import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WeirctlError } from './weirctl-error.js';

/**
 * Writes a file whole: who reads it meanwhile sees the old or the new one.
 * @throws {WeirctlError} OUTPUT_UNWRITABLE
 */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  // In the same directory: only within a file system does renaming replace at once.
  const temporary = join(dirname(file), `.weirctl-${randomUUID()}`);
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    const message = `${file} can't be written (${(cause as Error).message}); check that its directory exists and who may write there`;
    throw new WeirctlError('OUTPUT_UNWRITABLE', message, { cause, details: { file } });
  }
}
