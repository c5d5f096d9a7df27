import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { ExecutionContext } from 'ava';

/** Lets a server listen on a free port of an address until the test ends; returns the port. */
export async function listening(t: ExecutionContext, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}
