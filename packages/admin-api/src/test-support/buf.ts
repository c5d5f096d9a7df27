import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const DIRECTORY = fileURLToPath(new URL('../../', import.meta.url));
const BUF = fileURLToPath(import.meta.resolve('@bufbuild/buf/bin/buf'));

/** What buf(1) writes, run on this package. It needs no network. @throws when it fails, with what it said */
export function buf(...args: readonly string[]): Buffer {
  return execFileSync(process.execPath, [BUF, ...args], { cwd: DIRECTORY, stdio: ['ignore', 'pipe', 'pipe'] });
}
