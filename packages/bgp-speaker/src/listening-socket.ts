import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Of the socket states in /proc/net/tcp (include/net/tcp_states.h). */
const LISTEN = '0A';

/**
 * Does this process itself listen on the TCP port of this address, such as `127.0.0.1:50051`? False for a process that
 * is gone.
 * @see proc(5), /proc/pid/fd and /proc/net/tcp
 */
export function holdsListener(pid: number, address: string): boolean {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  try {
    const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeners(pid, table, port)));
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkTarget(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

function listeners(pid: number, table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trimEnd().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && local?.endsWith(suffix))
    .map((columns) => `socket:[${columns[9]}]`);
}

/** A file that was closed in the meantime has none. */
function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
