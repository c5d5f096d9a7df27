import { readFileSync } from 'node:fs';
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { WeirctlError } from '../weirctl-error.js';
import { callError } from './call-error.js';
import type { ConnectionOptions } from './connection-options.js';

/** A method of the generated definitions, such as `ServicesService.listServices`. */
type Method<Request, Answer> = MethodDefinition<Request, Answer>;

/** A large table of backends has some megabytes. */
const ANSWER_BYTES_MAX = 64 << 20;

/** The daemon of a node, by its API. */
export class AdminClient implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #client: Client;

  /**
   * Nothing is connected before the first call.
   * @throws {WeirctlError} INPUT_UNREADABLE: a file of TLS; ADDRESS_INVALID
   */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#client = new Client(target(options.address), credentialsOf(options), channelOptions(options));
  }

  /** @throws {WeirctlError} what the node answers instead */
  call<Request, Answer>(method: Method<Request, Answer>, request: Request): Promise<Answer> {
    const options: Partial<CallOptions> = { deadline: Date.now() + this.#options.timeout };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Request, Answer>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        new Metadata(),
        options,
        (error, answer) => {
          if (error !== null) reject(callError(error, this.#options.address));
          else resolve(answer as Answer);
        },
      );
    });
  }

  /**
   * Answers until there are no more, or nobody asks for the next one: the call ends then.
   * @throws {WeirctlError} what the node answers instead
   */
  async *stream<Request, Answer>(
    method: Method<Request, Answer>,
    request: Request,
    signal?: AbortSignal,
  ): AsyncGenerator<Answer> {
    const call = this.#client.makeServerStreamRequest<Request, Answer>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    );
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      for await (const answer of call) yield answer as Answer;
    } catch (error) {
      if (signal?.aborted !== true) throw callError(error as ServiceError, this.#options.address);
    } finally {
      signal?.removeEventListener('abort', cancel);
      cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function isSocket(address: string): boolean {
  return address.startsWith('unix:') || address.startsWith('/');
}

function target(address: string): string {
  if (address.startsWith('/')) return `unix:${address}`;
  if (isSocket(address) || /^(\[[^\]]+\]|[^:[\]/]+):\d+$/.test(address)) return address;
  throw new WeirctlError(
    'ADDRESS_INVALID',
    `--address "${address}" is neither unix:PATH nor HOST:PORT, such as unix:/run/weir/admin.sock or 192.0.2.1:7443`,
  );
}

function credentialsOf({ address, tlsCa, tlsCert, tlsKey }: ConnectionOptions): ChannelCredentials {
  if (isSocket(address)) return credentials.createInsecure();
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new WeirctlError('ADDRESS_INVALID', '--tls-cert and --tls-key go together; one of them is missing');
  }
  return credentials.createSsl(read('--tls-ca', tlsCa), read('--tls-key', tlsKey), read('--tls-cert', tlsCert));
}

function read(option: string, file: string | undefined): Buffer | null {
  if (file === undefined) return null;
  try {
    return readFileSync(file);
  } catch (cause) {
    const message = `${option} ${file} can't be read (${(cause as Error).message}); check the path and who may read it`;
    throw new WeirctlError('INPUT_UNREADABLE', message, { cause, details: { file } });
  }
}

function channelOptions({ tlsServerName }: ConnectionOptions): ClientOptions {
  return {
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    // A command that waits a minute for the next attempt looks as if it hung.
    'grpc.max_reconnect_backoff_ms': 1000,
    // A stream may be quiet for long: without it, a node whose host is gone would be waited for without end.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    ...(tlsServerName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': tlsServerName, 'grpc.default_authority': tlsServerName }),
  };
}
