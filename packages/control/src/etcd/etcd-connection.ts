import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import type { Endpoint } from '../endpoint-schema.js';
import { type EtcdAccess, type EtcdClientConfig, readEtcdAccess } from './etcd-access.js';
import { OpenedSockets } from './opened-sockets.js';

/** An answer holds a page of a range, or the events of one moment. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** So many were made. */
let clients = 0;

/** One member of etcd, spoken to while all goes well; whoever has trouble with it disposes of it and asks another. */
export interface EtcdConnection extends Disposable {
  readonly endpoint: string;
  readonly client: Etcd3;
}

/**
 * Speaks to one member: as a user where there is one, with a deadline on every request. etcd3's own retries, circuit
 * breakers and logins are not used: they hide which member failed, and leave connections open.
 * @throws what etcd or the connection says; what the files say that can't be read
 */
export async function connectEtcd(config: EtcdClientConfig, endpoint: Endpoint): Promise<EtcdConnection> {
  const access = await readEtcdAccess(config);
  const metadata = new Map([['hasleader', 'true']]);
  const address = endpointName(endpoint);
  const sockets = new OpenedSockets();
  const client = clientOf(config, access, address, metadata);
  const close = () => {
    client.close();
    sockets[Symbol.dispose]();
  };
  try {
    await sockets.during(() => logIn(client, access, metadata));
  } catch (error) {
    close();
    throw error;
  }
  return { endpoint: address, client, [Symbol.dispose]: close };
}

function clientOf(
  config: EtcdClientConfig,
  { tls }: EtcdAccess,
  address: string,
  metadata: ReadonlyMap<string, string>,
): Etcd3 {
  const { ca, certificate, key } = tls ?? {};
  return new Etcd3({
    hosts: `${tls === undefined ? 'http' : 'https'}://${address}`,
    ...(ca === undefined && certificate === undefined ? {} : { credentials: credentialsOf(ca, certificate, key) }),
    grpcOptions: channelOptions(config),
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: ({ isStream }) => ({
      interceptors: [withMetadata(metadata)],
      ...(isStream ? {} : { deadline: Date.now() + config.timeoutMs }),
    }),
  });
}

/** The first request opens the connection that all others share. */
async function logIn(client: Etcd3, { login }: EtcdAccess, metadata: Map<string, string>): Promise<void> {
  if (login === undefined) {
    await client.maintenance.status();
    return;
  }
  const { token } = await client.auth.authenticate(login);
  metadata.set('token', token);
}

/** As people write it. */
export function endpointName({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** etcd3 wants a certificate authority; without one it takes those that the system knows, by an empty one. */
function credentialsOf(ca: Buffer | undefined, certificate: Buffer | undefined, key: Buffer | undefined) {
  return {
    rootCertificate: ca as Buffer,
    ...(certificate === undefined || key === undefined ? {} : { certChain: certificate, privateKey: key }),
  };
}

function channelOptions({ tls, timeoutMs }: EtcdClientConfig) {
  return {
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    'grpc.initial_reconnect_backoff_ms': Math.min(timeoutMs, 1000),
    // gRPC shares connections between channels of equal options: those of one client, and of no other.
    'grpc.primary_user_agent': `weir/${++clients}`,
    ...(tls?.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }),
  };
}

/**
 * Metadata of every call, read when it is made. `hasleader`: a member that has lost its cluster says so and ends its
 * watches, instead of being silent (etcd, clientv3.WithRequireLeader).
 */
function withMetadata(entries: ReadonlyMap<string, string>): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        for (const [key, value] of entries) metadata.set(key, value);
        next(metadata, listener);
      },
    });
}
