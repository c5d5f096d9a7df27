import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import type { Endpoint } from '../endpoint-schema.js';
import { type EtcdClientConfig, readEtcdAccess } from './etcd-access.js';

/** An answer holds a page of a range, or the events of one moment. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

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
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const address = `${host}:${endpoint.port}`;
  const { ca, certificate, key } = access.tls ?? {};
  const client = new Etcd3({
    hosts: `${access.tls === undefined ? 'http' : 'https'}://${address}`,
    ...(ca === undefined && certificate === undefined ? {} : { credentials: credentialsOf(ca, certificate, key) }),
    grpcOptions: channelOptions(config),
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: ({ isStream }) => ({
      interceptors: [withMetadata(metadata)],
      ...(isStream ? {} : { deadline: Date.now() + config.timeoutMs }),
    }),
  });
  try {
    if (access.login !== undefined) {
      const { token } = await client.auth.authenticate(access.login);
      metadata.set('token', token);
    }
  } catch (error) {
    client.close();
    throw error;
  }
  return { endpoint: address, client, [Symbol.dispose]: () => client.close() };
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
    // Connections of former attempts are not taken up again: they may be those that hang.
    'grpc.use_local_subchannel_pool': 1,
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
