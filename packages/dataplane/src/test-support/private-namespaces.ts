import { execFileSync } from 'node:child_process';
import koffi from 'koffi';

const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;

/** True where namespaces and BPF may be used. */
export const isRoot = process.getuid?.() === 0;

/**
 * Moves this thread, and the processes that it starts, into a network and a mount namespace of its own with a BPF file
 * system of its own. Everything in them goes with the process, however it ends.
 */
export function enterPrivateNamespaces(): void {
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  execFileSync('mount', ['--make-rprivate', '/']);
  execFileSync('mount', ['-t', 'bpf', 'bpf', '/sys/fs/bpf']);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
}

/** Runs `ip` with the words of a line. */
export function ip(line: string): string {
  return execFileSync('ip', line.split(' '), { encoding: 'utf8' });
}

/** Makes a pair of links and returns when both have a carrier. `address` is the first one's MAC address. */
export async function linkPair(name: string, peer: string, address: string): Promise<void> {
  ip(`link add ${name} address ${address} type veth peer name ${peer}`);
  ip(`link set ${name} up`);
  ip(`link set ${peer} up`);
  while (ip(`-o link show ${name}`).includes('NO-CARRIER')) await new Promise((resolve) => setImmediate(resolve));
}
