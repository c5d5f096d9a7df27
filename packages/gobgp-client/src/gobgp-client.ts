import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type ChannelOptions,
  type Client,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type AddressFamily, type BgpPath, encodePath, families, type PathMessage } from './bgp-path.js';
import {
  type BgpPeer,
  type CompletePeer,
  decodePeer,
  encodeGracefulRestart,
  encodePeer,
  type PeerSettingsMessage,
} from './bgp-peer.js';
import { GobgpError } from './gobgp-error.js';
import { decodeListedPath, type ListedPath, type PathTable, tableTypes } from './listed-path.js';
import { decodePeerStatus, type PeerStatus, type PeerStatusMessage } from './peer-status.js';

const PROTO_FILE = fileURLToPath(new URL('../proto/gobgp.proto', import.meta.url));
/** A local gobgpd answers within milliseconds; one that does not in this time is stuck. */
const DEADLINE_MS = 5_000;
/** gRPC's own are 1 s and 2 min: too long for a gobgpd that comes back within milliseconds. */
const CHANNEL_OPTIONS = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** The identity of a speaker. */
export interface BgpIdentity {
  readonly asn: number;
  readonly routerId: string;
  /** -1: do not listen. */
  readonly listenPort: number;
  /** Default: all addresses of the machine. */
  readonly listenAddresses?: readonly string[];
}

type Unary = (
  request: object,
  options: CallOptions,
  callback: (error: ServiceError | null, answer: object) => void,
) => void;
type Streaming = (request: object, options: CallOptions) => ClientReadableStream<object>;
type Stub = Client & Readonly<Record<string, Unary & Streaming>>;

let stubClass:
  | (new (
      address: string,
      channel: ReturnType<typeof credentials.createInsecure>,
      options: ChannelOptions,
    ) => Stub)
  | undefined;

function createStub(address: string): Stub {
  if (stubClass === undefined) {
    const definition = loadSync(PROTO_FILE, { longs: Number, enums: String, defaults: true, json: true });
    const { apipb } = loadPackageDefinition(definition) as unknown as {
      apipb: { GobgpApi: NonNullable<typeof stubClass> };
    };
    stubClass = apipb.GobgpApi;
  }
  return new stubClass(address, credentials.createInsecure(), CHANNEL_OPTIONS);
}

/**
 * Talks to one gobgpd over gRPC. Calls fail with {@link GobgpError}: GOBGP_UNREACHABLE when nobody answers at the
 * address, GOBGP_REFUSED with gobgpd's own words when it says no.
 */
export class GobgpClient implements Disposable, AsyncDisposable {
  readonly address: string;
  readonly #stub: Stub;

  /** @param address  such as `127.0.0.1:50051`; the connection is made with the first call */
  constructor(address: string) {
    this.address = address;
    this.#stub = createStub(address);
  }

  /**
   * Gives a gobgpd that has no configuration its identity.
   * @param gracefulRestartMs  how long peers are to keep routes while it restarts; absent: not at all
   */
  async startBgp(identity: BgpIdentity, gracefulRestartMs?: number): Promise<void> {
    const gracefulRestart = gracefulRestartMs === undefined ? null : encodeGracefulRestart(gracefulRestartMs);
    await this.#call('StartBgp', { global: { ...identity, gracefulRestart } });
  }

  /** Ends all sessions and takes identity, peers and paths away; the process goes on. */
  async stopBgp(): Promise<void> {
    await this.#call('StopBgp', {});
  }

  /** The identity of gobgpd; undefined before {@link startBgp}. */
  async getBgp(): Promise<BgpIdentity | undefined> {
    const { global } = (await this.#call('GetBgp', {})) as { global: BgpIdentity | null };
    if (global === null || global.asn === 0) return undefined;
    const { asn, routerId, listenPort, listenAddresses = [] } = global;
    return { asn, routerId, listenPort, listenAddresses };
  }

  /** @throws {GobgpError} PEER_INVALID, and GOBGP_REFUSED for an address that is a peer already */
  async addPeer(peer: BgpPeer): Promise<void> {
    await this.#call('AddPeer', { peer: encodePeer(peer) });
  }

  /**
   * Puts these settings in place of those of the peer with this address. Its session ends and begins anew.
   * @throws {GobgpError} PEER_INVALID, and GOBGP_REFUSED for an address that is no peer
   */
  async updatePeer(peer: BgpPeer): Promise<void> {
    await this.#call('UpdatePeer', { peer: encodePeer(peer) });
  }

  async deletePeer(address: string): Promise<void> {
    await this.#call('DeletePeer', { address });
  }

  async listPeers(): Promise<PeerStatus[]> {
    const answers = (await this.#collect('ListPeer', { enableAdvertised: true })) as { peer: PeerStatusMessage }[];
    return answers.map(({ peer }) => decodePeerStatus(peer));
  }

  /** The peers as gobgpd has them, passwords included. While there is a session, the local address is the one in use. */
  async listPeerSettings(): Promise<CompletePeer[]> {
    const answers = (await this.#collect('ListPeer', {})) as { peer: PeerSettingsMessage }[];
    return answers.map(({ peer }) => decodePeer(peer));
  }

  /** Adds a path of our own, or puts it in place of the one to the same prefix. */
  async addPath(path: BgpPath): Promise<void> {
    await this.#call('AddPath', { tableType: 'GLOBAL', path: encodePath(path) });
  }

  async deletePath(path: BgpPath): Promise<void> {
    const message = encodePath(path);
    await this.#call('DeletePath', { tableType: 'GLOBAL', family: message.family, path: message });
  }

  /** @throws {GobgpError} GOBGP_REFUSED for a peer that gobgpd does not have */
  async listPaths(family: AddressFamily, table: PathTable = { of: 'all' }): Promise<ListedPath[]> {
    const name = table.of === 'all' ? '' : table.peer;
    const request = { tableType: tableTypes[table.of], name, family: families[family] };
    const answers = (await this.#collect('ListPath', request)) as { destination: { paths: readonly PathMessage[] } }[];
    return answers.flatMap(({ destination }) => destination.paths).map(decodeListedPath);
  }

  /** The paths of a family that this gobgpd originates. */
  async listOwnPaths(family: AddressFamily): Promise<BgpPath[]> {
    const paths = await this.listPaths(family);
    return paths.filter(({ peer }) => peer === undefined).map(({ peer, since, best, ...path }) => path);
  }

  /**
   * The state of each peer now, then at each change, without `since` and counts; ends when the signal aborts.
   * @throws {GobgpError} GOBGP_UNREACHABLE when gobgpd goes away
   */
  async *watchPeers(signal: AbortSignal): AsyncGenerator<PeerStatus> {
    const stream = this.#stub.WatchEvent?.({ peer: {} }, {}) as ClientReadableStream<{
      peer?: { peer: PeerStatusMessage | null };
    }>;
    const cancel = () => stream.cancel();
    // A stream that is cancelled while nobody reads it tells so, and an error event without a listener ends the process.
    stream.on('error', () => {});
    signal.addEventListener('abort', cancel, { once: true });
    try {
      if (signal.aborted) return;
      for await (const { peer } of stream) {
        // The end of the initial state is told as a peer without an address.
        if (peer?.peer?.state?.peerAsn) yield decodePeerStatus(peer.peer);
      }
      if (!signal.aborted) throw this.#unreachable(new Error('the event stream ended'));
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof GobgpError ? error : this.#errorOf(error as ServiceError);
    } finally {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  /** Resolves when gobgpd accepts connections; GOBGP_UNREACHABLE after `timeoutMs`. */
  async waitUntilReachable(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stub.waitForReady(Date.now() + timeoutMs, (error) =>
        error ? reject(this.#unreachable(error)) : resolve(),
      );
    });
  }

  #call(method: string, request: object): Promise<object> {
    return new Promise((resolve, reject) => {
      this.#stub[method]?.(request, { deadline: Date.now() + DEADLINE_MS }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(this.#errorOf(error));
      });
    });
  }

  async #collect(method: string, request: object): Promise<object[]> {
    const answers: object[] = [];
    try {
      const stream = this.#stub[method]?.(request, {
        deadline: Date.now() + DEADLINE_MS,
      }) as ClientReadableStream<object>;
      for await (const answer of stream) answers.push(answer);
    } catch (error) {
      throw this.#errorOf(error as ServiceError);
    }
    return answers;
  }

  #errorOf(error: ServiceError): GobgpError {
    if (
      error.code === status.UNAVAILABLE ||
      error.code === status.DEADLINE_EXCEEDED ||
      error.code === status.CANCELLED
    ) {
      return this.#unreachable(error);
    }
    return new GobgpError('GOBGP_REFUSED', `gobgpd at ${this.address} refuses: ${error.details ?? error.message}`, {
      cause: error,
      details: { address: this.address },
    });
  }

  #unreachable(cause: Error): GobgpError {
    return new GobgpError(
      'GOBGP_UNREACHABLE',
      `no gobgpd answers at ${this.address}; is it running, with --api-hosts ${this.address}?`,
      { cause, details: { address: this.address } },
    );
  }

  /** Ends the connection; calls that still wait fail. */
  [Symbol.dispose](): void {
    this.#stub.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stub.close();
  }
}
