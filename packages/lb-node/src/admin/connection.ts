import type { Metadata } from '@grpc/grpc-js';
import type { Role } from './caller.js';

/** Who is at the other end of a connection. */
export interface Connection {
  /** `uid 0`, or the names of the client's certificate. */
  readonly name: string;
  /** For logs: `unix socket`, or address and port. */
  readonly from: string;
  /** As the configuration has it now; undefined: none. */
  role(): Role | undefined;
}

/**
 * The connection that a call came by, by the metadata of the call: that object is the one thing that gRPC hands from the
 * connection's interceptor to a handler, and no client can forge an object.
 */
export const connectionOf = new WeakMap<Metadata, Connection>();
