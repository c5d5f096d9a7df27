import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type status,
} from '@grpc/grpc-js';
import { encodeDetails } from '@weir/admin-api';
import { WeirError } from '@weir/errors';

/** An answer of a method: a message, several for a stream, or what is thrown. */
type Answer = (request: never) => unknown;

/** What a call is refused with. */
export class Refusal extends WeirError {
  readonly status: status;
  readonly fields: readonly { readonly field: string; readonly description: string }[];

  constructor(code: status, message: string, fields: Refusal['fields'] = [], reason = 'REFUSED') {
    super(reason, message);
    this.status = code;
    this.fields = fields;
  }
}

/** A node's API on a socket of its own, with the answers that a test gives; what it does not answer is UNIMPLEMENTED. */
export class ApiServer implements AsyncDisposable {
  readonly address: string;
  readonly #server = new Server();
  readonly #directory: string;

  static async open(
    services: readonly (readonly [ServiceDefinition, Readonly<Record<string, Answer>>])[],
  ): Promise<ApiServer> {
    const server = new ApiServer();
    for (const [definition, answers] of services) server.#add(definition, answers);
    await new Promise<void>((resolve, reject) =>
      server.#server.bindAsync(server.address, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    return server;
  }

  private constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'weirctl-api-'));
    this.address = `unix:${join(this.#directory, 'admin.sock')}`;
  }

  #add(definition: ServiceDefinition, answers: Readonly<Record<string, Answer>>): void {
    const methods = Object.entries(answers).map(([name, answer]) => [
      name,
      definition[name]?.responseStream === true ? streaming(answer) : unary(answer),
    ]);
    this.#server.addService(definition, Object.fromEntries(methods));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function unary(answer: Answer): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    try {
      callback(null, answer(call.request as never));
    } catch (error) {
      callback(refusalOf(error));
    }
  };
}

function streaming(answer: Answer): handleServerStreamingCall<unknown, unknown> {
  return async (call) => {
    try {
      const messages = answer(call.request as never) as Iterable<unknown> | AsyncIterable<unknown>;
      for await (const message of messages) call.write(message);
      call.end();
    } catch (error) {
      call.destroy(Object.assign(new Error(), refusalOf(error)));
    }
  };
}

function refusalOf(error: unknown) {
  if (!(error instanceof Refusal)) throw error;
  const metadata = encodeDetails(error.status, error.message, {
    reason: error.code,
    fieldViolations: error.fields,
  });
  return { code: error.status, details: error.message, metadata };
}
