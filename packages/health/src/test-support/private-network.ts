import { execFileSync } from 'node:child_process';
import type { ExecutionContext, TestFn } from 'ava';
import koffi from 'koffi';

const CLONE_NEWNET = 0x4000_0000;

/** True where raw sockets, marks and namespaces may be used. */
export const isRoot = process.getuid?.() === 0;

/**
 * Tests in a network namespace of this process's own with nothing but loopback, one after the other, for they share its
 * ports. Without root they are skipped, and it is said. The namespace goes with the last of the process's children.
 */
export function serialInPrivateNetwork(test: TestFn): Call {
  if (!isRoot) {
    process.stderr.write('skipped: raw sockets, marks and a network namespace of its own need root\n');
    return test.serial.skip;
  }
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  ip('link set lo up');
  return test.serial;
}

/** Runs `ip` with the words of a line, in the namespace of a process if one is given. */
export function ip(line: string, pid?: number): void {
  const within = pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n'];
  const [file, ...args] = [...within, 'ip', ...line.split(' ')];
  execFileSync(file as string, args);
}

type Call = (title: string, implementation: (t: ExecutionContext) => Promise<void> | void) => void;
