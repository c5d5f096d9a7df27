import { execFileSync } from 'node:child_process';
import type { ExecutionContext, TestFn } from 'ava';
import koffi from 'koffi';

const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves this thread, and the processes that it starts, into a network namespace of its own with nothing but loopback.
 * It goes with the last of these processes.
 */
function enterPrivateNetwork(): void {
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
}

/**
 * Tests in a private network, one after the other, for they share its ports. Without root they are skipped, and it is
 * said.
 */
export function serialInPrivateNetwork(test: TestFn): Call {
  if (process.getuid?.() === 0) {
    enterPrivateNetwork();
    return test.serial;
  }
  process.stderr.write('skipped: a network namespace of its own needs root\n');
  return test.serial.skip;
}

type Call = (title: string, implementation: (t: ExecutionContext) => Promise<void>) => void;
