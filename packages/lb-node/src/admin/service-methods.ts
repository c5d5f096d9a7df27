import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { Caller, Role } from './caller.js';

/** Answers one request. What it throws becomes the call's status: see AdminError. */
export type Unary<Request, Answer> = (request: Request, caller: Caller) => Promise<Answer>;

/**
 * Answers one request many times. It is asked for the next answer only when the client has taken the former ones, and its
 * iterator is returned when the client is gone: `finally` is the place to clean up. What waits inside listens to
 * `caller.signal`.
 */
export type Stream<Request, Answer> = (request: Request, caller: Caller) => AsyncIterable<Answer>;

/** Who may call a method, and what it does. */
interface Access {
  readonly role: Role;
  /** It changes something, or hands out what clients send: each call is in the audit log. */
  readonly writes?: true;
}

/** A method, with one of `unary` and `stream` as its definition has it. */
export interface Method extends Access {
  readonly unary?: Unary<never, unknown>;
  readonly stream?: Stream<never, unknown>;
}

/** A service of the API: its generated definition, and for each method who may call it and what it does. */
export interface ServiceMethods {
  readonly definition: ServiceDefinition;
  readonly methods: Readonly<Record<string, Method>>;
}

type MethodOf<Definition> =
  Definition extends MethodDefinition<infer Request, infer Answer>
    ? Access &
        (Definition extends { readonly responseStream: true }
          ? { readonly stream: Stream<Request, Answer> }
          : { readonly unary: Unary<Request, Answer> })
    : never;

/**
 * A service from its generated definition (`ServicesService`) and a function for each of its methods; the compiler sees that
 * none is missing, and that requests and answers are those of the .proto.
 */
export function serviceMethods<Definition extends ServiceDefinition>(
  definition: Definition,
  methods: { readonly [Name in keyof Definition]: MethodOf<Definition[Name]> },
): ServiceMethods {
  return { definition, methods: methods as Readonly<Record<string, Method>> };
}
