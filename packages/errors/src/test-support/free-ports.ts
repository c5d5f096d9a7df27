import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** Below are those of well-known servers. */
const FIRST_PORT = 10_000;
const LAST_PORT = 65_535;

/**
 * Ports of 127.0.0.1 that nobody listens on, all different, which no other test process gets until this one ends. None
 * of those that the kernel gives to whoever asks for any: somebody would have it before its server begins.
 */
export async function freePorts(count: number): Promise<number[]> {
  const candidates = portsThatTheKernelDoesNotGive();
  const ports: number[] = [];
  while (ports.length < count) {
    const port = candidates[randomInt(candidates.length)] as number;
    // An abstract socket is a lock that goes with the process, however that ends.
    if ((await listening(`\0weir-port-${port}`)) === undefined) continue;
    const server = await listening(port);
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    ports.push(port);
  }
  return ports;
}

/** All, where it may give each. */
function portsThatTheKernelDoesNotGive(): readonly number[] {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  const [first, last] = range as [number, number];
  const all = Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, at) => FIRST_PORT + at);
  const others = all.filter((port) => port < first || port > last);
  return others.length === 0 ? all : others;
}

/** A server there, which keeps no process alive; undefined: somebody else has the place. */
async function listening(place: number | string): Promise<Server | undefined> {
  const server = createServer().unref();
  try {
    server.listen(typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1' });
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
