import { execFileSync } from 'node:child_process';
import koffi from 'koffi';

const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;

/** True where namespaces and BPF may be used. */
export const isRoot = process.getuid?.() === 0;

/** Runs a command with the words of a line; returns what it printed. */
export function sh(line: string): string {
  const [command, ...words] = line.split(' ');
  return execFileSync(command as string, words, { encoding: 'utf8', stdio: 'pipe' });
}

/** The same on the host at the other end of `eth0`. */
export function onPeer(line: string): string {
  return sh(`nsenter --net=/run/netns/peer ${line}`);
}

/**
 * Moves this thread, and the processes that it starts, to a host of its own: `eth0` with 10.0.0.11 and fd00::11, a BPF
 * file system, and at the other end of the link a host with 10.0.0.21 and fd00::21. All of it goes with this process,
 * however it ends.
 */
export function enterPrivateNetwork(): void {
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  sh('mount --make-rprivate /');
  sh('mount -t bpf bpf /sys/fs/bpf');
  sh('mount -t tmpfs tmpfs /run');
  sh('ip netns add peer');
  sh('ip link add eth0 type veth peer name eth0 netns peer');
  for (const [on, host] of [
    [sh, 11],
    [onPeer, 21],
  ] as const) {
    on('ip link set lo up');
    on('ip link set eth0 up');
    on(`ip address add 10.0.0.${host}/24 dev eth0`);
    on(`ip address add fd00::${host}/64 dev eth0 nodad`);
  }
}
