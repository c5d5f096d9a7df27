import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { Logger } from '@weir/daemon';
import { AdminError, exhausted } from './admin-error.js';
import { statusOf } from './call-status.js';
import { type Connection, connectionOf } from './connection.js';

/** Streams that are open, of all connections. */
export class Watchers {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#count;
  }

  /** @throws {AdminError} TOO_MANY_WATCHERS */
  enter(): void {
    if (this.#count >= this.#max) {
      const message = `this node serves at most ${this.#max} streams at a time, and all are taken; try again later`;
      throw exhausted('TOO_MANY_WATCHERS', message);
    }
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
  }
}

/** What each call of a connection has to pass, also those of health and reflection: a role, and room for its stream. */
export function gate(
  connection: Connection,
  { watchers, logger }: { readonly watchers: Watchers; readonly logger: Logger },
): ServerInterceptor {
  return ({ path, responseStream }, call) => {
    let isCounted = false;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, pass) {
            try {
              requireRole(connection);
              if (responseStream) watchers.enter();
              isCounted = responseStream;
            } catch (error) {
              const { name, from } = connection;
              logger.warn({ event: 'admin_refused', caller: name, from, method: path }, (error as Error).message);
              call.sendStatus(statusOf(error as AdminError));
              return;
            }
            connectionOf.set(metadata, connection);
            pass(metadata);
          },
          // Comes at the end of each call, however it ended.
          onCancel() {
            if (isCounted) watchers.leave();
            isCounted = false;
          },
        }),
    });
  };
}

function requireRole({ name, role }: Connection): void {
  if (role() !== undefined) return;
  const message = `admin API: ${name} has no role on this node; admin.roles of weir.yaml gives roles to certificates`;
  throw new AdminError(status.PERMISSION_DENIED, 'NO_ROLE', message);
}
