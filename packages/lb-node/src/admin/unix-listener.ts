import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { AdminConfig } from '@weir/control';
import { WeirError } from '@weir/errors';

const run = promisify(execFile);

/** For the owner alone, until the socket has the mode and the group that it is to have. */
const UMASK = 0o177;

/**
 * Listens on a Unix socket with the configured permissions. A socket that a former process left gives way; one that is
 * answered does not.
 * @throws {WeirError} ADMIN_SOCKET_IN_USE, ADMIN_SOCKET_REFUSED
 */
export async function listenUnix(
  { path, mode, group }: NonNullable<AdminConfig['socket']>,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  if (await isAnswered(path)) {
    const message = `admin.socket: a process that runs answers at ${path}; end it, or name another path`;
    throw new WeirError('ADMIN_SOCKET_IN_USE', message, { details: { path } });
  }
  const server = createServer(onConnection);
  try {
    mkdirSync(dirname(path), { recursive: true });
    removeSocket(path);
    await listenWithUmask(server, path);
    if (group !== undefined) chownSync(path, -1, await groupId(group));
    chmodSync(path, mode);
    return server;
  } catch (cause) {
    server.close();
    const message = `admin.socket: ${path} can't be listened on: ${(cause as Error).message}`;
    throw new WeirError('ADMIN_SOCKET_REFUSED', message, { cause, details: { path } });
  }
}

/** @throws what is there is no socket: a path that was meant for something else costs no file */
function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('what is there is no socket; remove it, or name another path');
  rmSync(path, { force: true });
}

async function listenWithUmask(server: Server, path: string): Promise<void> {
  const before = process.umask(UMASK);
  try {
    // bind(2) is called before listen() returns.
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
}

/** Whether someone accepts connections there. */
async function isAnswered(path: string): Promise<boolean> {
  const connection = dial(path);
  try {
    await once(connection, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}

/** @throws where there is no such group */
async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  // Wherever groups come from: /etc/group, LDAP.
  const { stdout } = await run('getent', ['group', group]).catch(() => ({ stdout: '' }));
  const id = stdout.split(':')[2];
  if (id === undefined) throw new Error(`admin.socketGroup: there is no group ${group}`);
  return Number(id);
}
