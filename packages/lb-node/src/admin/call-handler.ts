import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerErrorResponse,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { Logger } from '@weir/daemon';
import { AdminError, adminErrorOf } from './admin-error.js';
import type { AuditLog } from './audit-log.js';
import { statusOf } from './call-status.js';
import { type AuditedChange, type Caller, isAllowed, type Role } from './caller.js';
import { type Connection, connectionOf } from './connection.js';
import type { Method } from './service-methods.js';

/** What handlers share. */
export interface CallContext {
  readonly logger: Logger;
  readonly audit: AuditLog;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
  /** After how long a client that takes no answer is given up. */
  readonly stallMs: number;
}

type AnyCall = ServerUnaryCall<never, unknown> | ServerWritableStream<never, unknown>;

/** The handler of a unary method, as gRPC wants it. */
export function unaryHandler(path: string, method: Method, context: CallContext): handleUnaryCall<never, unknown> {
  return (call, callback) => {
    void new Call(path, method, call, context).answer(
      async (caller) => callback(null, await method.unary?.(call.request, caller)),
      (failed) => callback(failed),
    );
  };
}

/** The handler of a method that streams its answers. */
export function streamHandler(
  path: string,
  method: Method,
  context: CallContext,
): handleServerStreamingCall<never, unknown> {
  return (call) => {
    void new Call(path, method, call, context).answer(
      async (caller) => {
        const answers = method.stream?.(call.request, caller) ?? [];
        for await (const answer of answers) {
          if (caller.signal.aborted) break;
          await taken(call, answer, { caller, stallMs: context.stallMs });
        }
        // Told to stop, it did not come to its end.
        if (caller.signal.aborted) throw LEFT;
        call.end();
      },
      // A stream takes the status of its call from the error that it is given.
      (failed) => call.emit('error', failed),
    );
  };
}

/** Resolves when the client has taken an answer, or is gone. */
function taken(
  call: ServerWritableStream<never, unknown>,
  answer: unknown,
  { caller: { signal }, stallMs }: { readonly caller: Caller; readonly stallMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(stall);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => end(resolve);
    const stall = setTimeout(
      () => end(() => reject(new AdminError(status.ABORTED, 'SLOW_CLIENT', `no answer was taken for ${stallMs} ms`))),
      stallMs,
    );
    signal.addEventListener('abort', onAbort);
    call.write(answer, () => end(resolve));
  });
}

/** One call from its beginning to its end. */
class Call {
  readonly #path: string;
  readonly #method: Method;
  readonly #call: AnyCall;
  readonly #context: CallContext;
  readonly #connection: Connection;
  readonly #ended = new AbortController();
  readonly #role: Role | undefined;
  #audited = 0;

  constructor(path: string, method: Method, call: AnyCall, context: CallContext) {
    this.#path = path;
    this.#method = method;
    this.#call = call;
    this.#context = context;
    const connection = connectionOf.get(call.metadata);
    if (connection === undefined) throw new Error('a call that came by no connection');
    this.#connection = connection;
    this.#role = connection.role();
  }

  /** Never rejects. */
  async answer(work: (caller: Caller) => Promise<void>, fail: (error: ServerErrorResponse) => void): Promise<void> {
    const abort = () => this.#ended.abort();
    const { closing } = this.#context;
    closing.addEventListener('abort', abort);
    this.#call.on('cancelled', abort);
    // gRPC tells of a deadline only when the client has taken what was sent before.
    const deadline = afterDeadline(this.#call.getDeadline(), abort);
    try {
      this.#requireRole();
      await work(this.#caller());
      if (this.#method.writes && this.#audited === 0) this.#audit('OK', { target: targetOf(this.#call.request) });
    } catch (error) {
      fail(this.#failed(error));
    } finally {
      clearTimeout(deadline);
      closing.removeEventListener('abort', abort);
      this.#ended.abort();
    }
  }

  #requireRole(): void {
    const { role } = this.#method;
    if (this.#role !== undefined && isAllowed(this.#role, role)) return;
    const message = `${this.#path} needs the role ${role}; ${this.#connection.name} has ${this.#role ?? 'none'}`;
    throw new AdminError(status.PERMISSION_DENIED, 'ROLE_REQUIRED', message);
  }

  #caller(): Caller {
    return {
      name: this.#connection.name,
      role: this.#role as Role,
      signal: this.#ended.signal,
      audit: ({ isIncomplete, ...change }) => {
        this.#audited += 1;
        this.#audit(isIncomplete ? 'INCOMPLETE' : 'OK', change);
      },
    };
  }

  #audit(
    outcome: string,
    more: Partial<Omit<AuditedChange, 'isIncomplete'>> & { request?: unknown; message?: string },
  ): void {
    const { name: caller, from } = this.#connection;
    this.#context.audit.write({ caller, role: this.#role, from, method: this.#path, outcome, ...more });
  }

  #failed(error: unknown): ServerErrorResponse {
    const { logger, closing } = this.#context;
    // What a handler throws because it was told to stop is no failure of its own.
    const cut = closing.aborted ? SHUTTING_DOWN : LEFT;
    const known = this.#ended.signal.aborted ? cut : adminErrorOf(error);
    const failure = known ?? new AdminError(status.INTERNAL, 'INTERNAL', 'internal error; the log of this node has it');
    const { code: reason, message } = failure;
    const fields = { event: 'admin_failed', method: this.#path, caller: this.#connection.name, reason };
    if (known === undefined) {
      logger.error({ ...fields, err: error }, `admin API: ${this.#path} failed`);
    } else if (failure.status === status.PERMISSION_DENIED) {
      logger.warn({ ...fields, event: 'admin_refused', from: this.#connection.from }, `admin API: ${message}`);
    } else {
      logger.debug(fields, `admin API: ${message}`);
    }
    if (this.#method.writes && this.#audited === 0) {
      // Who may not call it does not decide what is written here.
      const isDenied = failure.status === status.PERMISSION_DENIED;
      const { request } = this.#call;
      this.#audit(status[failure.status], isDenied ? { target: targetOf(request), message } : { request, message });
    }
    return Object.assign(new Error(message), statusOf(failure));
  }
}

const LEFT = new AdminError(status.CANCELLED, 'CANCELLED', 'the client left, or the deadline of its call has passed');
const SHUTTING_DOWN = new AdminError(status.UNAVAILABLE, 'SHUTTING_DOWN', 'the daemon of this node is ending');

function afterDeadline(deadline: Date | number, then: () => void): NodeJS.Timeout | undefined {
  const ms = Number(deadline) - Date.now();
  // Longer than a timer counts: nobody waits for that.
  return ms > 2 ** 31 - 1 ? undefined : setTimeout(then, ms);
}

/** The name that a request has in it, for the audit log. */
function targetOf(request: unknown): string {
  const { name, service, vip, level } = request as Readonly<Record<string, unknown>>;
  const target = name ?? service ?? vip ?? level ?? '';
  return typeof target === 'object' ? targetOf(target) : String(target);
}
