import { execFileSync } from 'node:child_process';
import koffi from 'koffi';
import { BenchError } from '../bench-error.js';

/** linux/sched.h */
const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;

/**
 * Moves this thread, and the processes that it starts, into a network and a mount namespace of its own, with a BPF file
 * system of its own. Interfaces, programs and pins in them go with the process, however it ends.
 *
 * @throws {BenchError} BENCH_NOT_ROOT
 */
export function enterPrivateNamespaces(): void {
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0) {
    throw new BenchError(
      'BENCH_NOT_ROOT',
      `expected to be allowed to make namespaces; run as root (errno ${koffi.errno()})`,
    );
  }
  execFileSync('mount', ['--make-rprivate', '/']);
  execFileSync('mount', ['-t', 'bpf', 'bpf', '/sys/fs/bpf']);
}
