import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { WeirctlError } from './weirctl-error.js';

/**
 * The text of a file that was named on the command line; `-` is the standard input.
 * @throws {WeirctlError} INPUT_UNREADABLE
 */
export async function readInput(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    const message = `${file} can't be read (${(cause as Error).message}); check the path and who may read it`;
    throw new WeirctlError('INPUT_UNREADABLE', message, { cause, details: { file } });
  }
}
