import { setMaxListeners } from 'node:events';
import type { Server as NetServer, Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import { experimental, Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { AdminConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { AuditLog } from './audit-log.js';
import { type CallContext, streamHandler, unaryHandler } from './call-handler.js';
import { namesOf, roleOf } from './certificate-role.js';
import type { Connection } from './connection.js';
import { gate, Watchers } from './gate.js';
import type { ServiceMethods } from './service-methods.js';
import { StandardServices } from './standard-services.js';
import { TlsFiles } from './tls-files.js';
import { addressOf, listenTls } from './tls-listener.js';
import { listenUnix } from './unix-listener.js';
import { unixPeerUid } from './unix-peer.js';

/** What callers may use of a node, all together. */
export interface AdminLimits {
  /** Of one listening address. */
  readonly connectionsMax: number;
  readonly streamsPerConnectionMax: number;
  /** Calls that are answered by a stream, of all connections. */
  readonly watchersMax: number;
  /** Of a message that a client sends. */
  readonly messageBytesMax: number;
  /** After how long a client that takes no answer is given up. */
  readonly stallMs: number;
  /** A connection without calls is closed after this. */
  readonly idleMs: number;
}

const LIMITS: AdminLimits = {
  connectionsMax: 256,
  streamsPerConnectionMax: 256,
  watchersMax: 4_000,
  // A service with 1,000 backends has some 100 KiB.
  messageBytesMax: 4 * 1024 * 1024,
  stallMs: 60_000,
  idleMs: 300_000,
};

/** A client that went without a word is noticed after both. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** How long calls may take to end when the server closes. */
const CLOSING_MS = 1_000;

export interface AdminServerOptions {
  readonly logger: Logger;
  readonly limits?: Partial<AdminLimits>;
}

/** The gRPC server of the admin API: who may connect, who may call, and what is told of it. */
export class AdminServer implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #limits: AdminLimits;
  readonly #server: Server;
  readonly #standard: StandardServices;
  readonly #audit: AuditLog;
  readonly #watchers: Watchers;
  readonly #closing = new AbortController();
  readonly #listeners: NetServer[] = [];
  readonly #sockets = new Set<Socket>();
  #tls: TlsFiles | undefined;
  #config: AdminConfig;

  /**
   * Serves from now on. Health says NOT_SERVING until {@link setServing}.
   * @throws {WeirError} ADMIN_SOCKET_IN_USE, ADMIN_SOCKET_REFUSED, ADMIN_TLS_REFUSED, ADMIN_LISTEN_REFUSED
   */
  static async open(
    config: AdminConfig,
    services: readonly ServiceMethods[],
    options: AdminServerOptions,
  ): Promise<AdminServer> {
    const server = new AdminServer(config, services, options);
    try {
      await server.#listen();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(config: AdminConfig, services: readonly ServiceMethods[], options: AdminServerOptions) {
    const { logger, limits = {} } = options;
    this.#config = config;
    this.#logger = logger;
    this.#limits = { ...LIMITS, ...limits };
    this.#audit = new AuditLog(logger, config.auditLog);
    this.#watchers = new Watchers(this.#limits.watchersMax);
    // Each call listens.
    setMaxListeners(0, this.#closing.signal);
    const { streamsPerConnectionMax, messageBytesMax, idleMs, stallMs } = this.#limits;
    this.#server = new Server({
      'grpc.max_concurrent_streams': streamsPerConnectionMax,
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_connection_idle_ms': idleMs,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.enable_channelz': 0,
    });
    const context = { logger, audit: this.#audit, closing: this.#closing.signal, stallMs };
    for (const service of services) this.#server.addService(service.definition, implementationOf(service, context));
    this.#standard = new StandardServices(this.#server, services.map(nameOf));
  }

  /** Open streams of all callers. */
  get watchers(): number {
    return this.#watchers.count;
  }

  /** Where TCP is listened on, in the order of the configuration. */
  get ports(): readonly number[] {
    return this.#listeners.flatMap((listener) => {
      const address = listener.address();
      return typeof address === 'object' && address !== null ? [address.port] : [];
    });
  }

  /** What grpc.health.v1 answers: whether the tables of this node are in force. */
  setServing(isServing: boolean): void {
    this.#standard.setServing(isServing);
  }

  /**
   * Other roles, certificates and audit log, from the next call on; addresses stay as they are.
   * @throws {WeirError} ADMIN_TLS_REFUSED; all stays as it is then
   */
  reconfigure(config: AdminConfig): void {
    if (config.tls !== undefined) this.#tls?.use(config.tls);
    this.#config = config;
    this.#audit.file = config.auditLog;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#tls?.[Symbol.dispose]();
    const closed = this.#listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
    const force = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSING_MS);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(force);
    this.#server.forceShutdown();
    await Promise.all(closed);
  }

  async #listen(): Promise<void> {
    const { socket, listen, tls } = this.#config;
    if (socket !== undefined) {
      this.#listeners.push(await listenUnix(socket, (connection) => this.#admitLocal(connection)));
    }
    if (tls !== undefined) {
      this.#tls = new TlsFiles(tls, this.#logger, (options) => {
        for (const listener of this.#listeners) {
          if (listener instanceof TlsServer) listener.setSecureContext(options);
        }
      });
      for (const endpoint of listen) {
        const onConnection = (connection: TLSSocket) => this.#admitRemote(connection);
        this.#listeners.push(await listenTls(endpoint, this.#tls.options, { logger: this.#logger, onConnection }));
      }
    }
    for (const listener of this.#listeners) {
      listener.maxConnections = this.#limits.connectionsMax;
      listener.on('drop', () => {
        const message = `admin API: refused a connection, there are ${this.#limits.connectionsMax} already`;
        this.#logger.warn({ event: 'admin_refused' }, message);
      });
    }
  }

  #admitLocal(socket: Socket): void {
    const uid = unixPeerUid(socket);
    const name = uid === undefined ? 'unix socket' : `uid ${uid}`;
    this.#admit(socket, { name, from: 'unix socket', role: () => 'admin' });
  }

  #admitRemote(socket: TLSSocket): void {
    const names = namesOf(socket.getPeerCertificate());
    const name = [...names.commonNames.map((common) => `CN=${common}`), ...names.alternativeNames].join(', ');
    this.#admit(socket, { name, from: addressOf(socket), role: () => roleOf(names, this.#config.roles) });
  }

  /** Each connection has an injector of its own: so its interceptor knows who is at the other end. */
  #admit(socket: Socket, connection: Connection): void {
    socket.on('error', () => socket.destroy());
    const interceptor = gate(connection, { watchers: this.#watchers, logger: this.#logger });
    // TLS is undone already.
    const plain = ServerCredentials.createInsecure();
    const injector = this.#server.createConnectionInjector(
      experimental.createServerCredentialsWithInterceptors(plain, [interceptor]),
    );
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      injector.destroy();
    });
    injector.injectConnection(socket);
  }
}

/** Such as `weir.admin.v1.Services`. */
function nameOf({ definition }: ServiceMethods): string {
  const [, name = ''] = Object.values(definition)[0]?.path.split('/') ?? [];
  return name;
}

function implementationOf({ definition, methods }: ServiceMethods, context: CallContext): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => {
      const path = definition[name]?.path ?? name;
      const handler = method.stream === undefined ? unaryHandler : streamHandler;
      return [name, handler(path, method, context)];
    }),
  ) as UntypedServiceImplementation;
}
