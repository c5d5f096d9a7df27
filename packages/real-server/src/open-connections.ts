import { readFile } from 'node:fs/promises';
import { AgentError } from './agent-error.js';

/** In which one side may still send: ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT (include/net/tcp_states.h). */
const OPEN_STATES: ReadonlySet<string> = new Set(['01', '04', '05', '08']);
/** The first also has connections by IPv4 to servers that listen on IPv4 alone. A kernel without IPv6 lacks the second. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;

/** TCP connections of this host's network namespace to a port of its own that are not over. */
export async function openConnections(port: number): Promise<number> {
  const counts = await Promise.all(TABLES.map(async (file) => countOpen(await readTable(file), port)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Counts in what the kernel prints, a line a socket: `0: 0100007F:1F90 0100007F:C350 01 ...` are the number, the local
 * and the remote address with their ports, and the state, all in hexadecimal (Documentation/networking/proc_net_tcp.rst).
 */
export function countOpen(table: string, port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').filter((line) => {
    const [, local, , state = ''] = line.trim().split(/\s+/);
    return OPEN_STATES.has(state) && local?.endsWith(wanted);
  }).length;
}

async function readTable(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new AgentError('SETTING_REFUSED', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
}
