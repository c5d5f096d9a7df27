import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Host } from './host.js';
import { HostError } from './host-error.js';

const execute = promisify(execFile);
const COMMAND_TIMEOUT_MS = 10_000;
const OUTPUT_BYTES_MAX = 64 << 20;

/** Debian packages of commands that checks run. */
const packages: Readonly<Record<string, string>> = { ip: 'iproute2', ethtool: 'ethtool', nft: 'nftables' };

/** This machine, in the namespaces of this process. */
export function localHost(): Host {
  return {
    kernelRelease: release(),
    readText: (path) => readFile(path, 'utf8').catch(() => undefined),
    run,
    fileSystemType: (path) => nearest(path, async (existing) => (await statfs(existing)).type),
    isWritable: (path) =>
      nearest(path, async (existing) => {
        // Not ENOENT, which would send it upwards: a directory that exists and is read-only is the answer.
        await statfs(existing);
        return access(existing, constants.W_OK).then(
          () => true,
          () => false,
        );
      }),
    async connect({ host, port }, timeoutMs) {
      const socket = connect({ host, port });
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
        return undefined;
      } catch (error) {
        const { name, code } = error as NodeJS.ErrnoException;
        return name === 'AbortError' ? 'ETIMEDOUT' : (code ?? String(error));
      } finally {
        socket.destroy();
      }
    },
    async listen({ host, port }) {
      const server = createServer();
      try {
        server.listen({ host, port, exclusive: true });
        await once(server, 'listening');
        return undefined;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? String(error);
      } finally {
        server.close();
      }
    },
  };
}

async function run(command: string, args: readonly string[]): Promise<string> {
  try {
    const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    return (await execute(command, [...args], options)).stdout;
  } catch (cause) {
    const { code, stderr, message } = cause as NodeJS.ErrnoException & { readonly stderr?: string };
    const details = { command, args };
    if (code === 'ENOENT') {
      const text = `the command "${command}" is not installed; the Debian package is ${packages[command] ?? command}`;
      throw new HostError('HOST_COMMAND_MISSING', text, { cause, details });
    }
    const text = `${[command, ...args].join(' ')}: ${stderr?.trim() || message}`;
    throw new HostError('HOST_COMMAND_FAILED', text, { cause, details });
  }
}

/** Asks of a path, and where there is none of the directory above it, up to the root. */
async function nearest<T>(path: string, ask: (existing: string) => Promise<T>): Promise<T> {
  for (let probe = path; ; probe = dirname(probe)) {
    try {
      return await ask(probe);
    } catch (error) {
      if (probe === dirname(probe)) throw error;
    }
  }
}
