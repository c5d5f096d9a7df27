import { setTimeout as wait } from 'node:timers/promises';
import {
  type BgpPath,
  type BgpPeer,
  type CompletePeer,
  completePeer,
  GobgpClient,
  GobgpError,
  type PeerStatus,
} from '@weir/gobgp-client';
import { type Announcement, pathDifference, pathOf } from './announcement.js';
import { gobgpdConfiguration } from './gobgpd-configuration.js';
import { reasonInLog, tailOf } from './gobgpd-log.js';
import { type GobgpdCommand, isOurs, logFileOf, runGobgpd, stopGobgpd } from './gobgpd-process.js';
import { peerDifference, tellPeers } from './peer-difference.js';
import { SessionWatch } from './session-watch.js';
import { readSignatureFailures } from './signature-failures.js';
import { SpeakerError } from './speaker-error.js';
import type { SpeakerLogger } from './speaker-logger.js';

/**
 * `child`: a gobgpd of our own, run and restarted; it has our peers alone. `external`: one that somebody else runs, and
 * may have given peers of their own; those stay.
 */
export type GobgpdOptions =
  | {
      readonly run: 'child';
      readonly command: string;
      readonly apiAddress: string;
      readonly directory: string;
      readonly listenPort: number;
    }
  | { readonly run: 'external'; readonly apiAddress: string; readonly listenPort: number };

export interface SpeakerOptions {
  readonly asn: number;
  readonly routerId: string;
  readonly peers: readonly Omit<BgpPeer, 'gracefulRestartMs'>[];
  /** Next hops of announcements that name none. */
  readonly nextHop: { readonly ipv4?: string; readonly ipv6?: string };
  readonly gobgpd: GobgpdOptions;
  readonly gracefulRestart: { readonly enabled: boolean; readonly restartTimeMs: number };
  readonly logger: SpeakerLogger;
}

export interface SpeakerStatus {
  readonly gobgpd:
    | { readonly kind: 'running'; readonly pid?: number }
    | { readonly kind: 'down'; readonly reason: string };
  readonly peers: readonly PeerStatus[];
  readonly announced: readonly string[];
}

/** Two verbs: say all that is to be announced, and stop. The difference to what is announced is the speaker's business. */
export interface BgpSpeaker extends AsyncDisposable {
  /**
   * Announces these and nothing else. Resolves when gobgpd has it; while gobgpd is down, at once: it is told when it is
   * back.
   *
   * @throws {SpeakerError} NEXT_HOP_MISSING, and {@link GobgpError} PATH_INVALID; nothing was changed
   */
  set(announcements: readonly Announcement[]): Promise<void>;
  status(): Promise<SpeakerStatus>;
  /** `leaveRunning`: a gobgpd of our own goes on, with its sessions and routes, for the next life to find. */
  stop(options: { leaveRunning: boolean }): Promise<void>;
}

const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 5_000;
/** A gobgpd that lived this long starts its backoff anew. */
const STABLE_MS = 10_000;
const EXTERNAL_TIMEOUT_MS = 5_000;
const SESSION_CHECK_MS = 5_000;

/**
 * Starts to speak: gobgpd runs, has its identity and its peers. Of a gobgpd that runs already, only peers that have
 * changed begin their sessions anew. Nothing is announced before the first {@link BgpSpeaker.set}; what a former life
 * announced stays until then.
 *
 * @throws {SpeakerError} GOBGPD_MISSING, GOBGPD_FAILED, GOBGPD_OTHER_ASN
 * @throws {GobgpError} PEER_INVALID; GOBGP_UNREACHABLE for an external gobgpd that does not answer
 */
export async function startSpeaker(options: SpeakerOptions): Promise<BgpSpeaker> {
  const speaker = new Speaker(options);
  try {
    await speaker.connect(false);
  } catch (error) {
    await speaker.stop({ leaveRunning: false });
    throw error;
  }
  speaker.supervise();
  return speaker;
}

class Speaker implements BgpSpeaker {
  readonly #options: SpeakerOptions;
  readonly #peers: readonly CompletePeer[];
  readonly #client: GobgpClient;
  readonly #command: GobgpdCommand | undefined;
  readonly #stopped = new AbortController();
  /** What gobgpd should announce; undefined before the first `set`. */
  #wanted: readonly BgpPath[] | undefined;
  #pid: number | undefined;
  #down: string | undefined = 'not started';
  /** Aborts when gobgpd is found not to answer. */
  #lost = new AbortController();
  #supervision: Promise<void> = Promise.resolve();
  /** Path changes go one after the other. */
  #telling: Promise<void> = Promise.resolve();

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#peers = options.peers.map((peer) => completePeer({ ...peer, ...this.#restart() }));
    this.#client = new GobgpClient(options.gobgpd.apiAddress);
    if (options.gobgpd.run === 'child') this.#command = { ...options.gobgpd, configuration: this.#configuration() };
  }

  async set(announcements: readonly Announcement[]): Promise<void> {
    this.#wanted = announcements.map((announcement) => pathOf(announcement, this.#options));
    if (this.#down !== undefined) return;
    try {
      await this.#tell();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      // The supervision tells it all once it is back. It may be stuck rather than gone, and then only this call noticed.
      this.#lost.abort(error);
    }
  }

  async status(): Promise<SpeakerStatus> {
    const announced = (this.#wanted ?? []).map(({ prefix }) => prefix);
    const down = (reason: string) => ({ gobgpd: { kind: 'down', reason }, peers: [], announced: [] }) as const;
    if (this.#down !== undefined) return down(this.#down);
    try {
      const peers = await this.#client.listPeers();
      return { gobgpd: { kind: 'running', ...(this.#pid === undefined ? {} : { pid: this.#pid }) }, peers, announced };
    } catch (error) {
      return down((error as Error).message);
    }
  }

  async stop({ leaveRunning }: { leaveRunning: boolean }): Promise<void> {
    this.#stopped.abort();
    await this.#supervision;
    if (!leaveRunning && this.#command !== undefined && this.#pid !== undefined)
      await stopGobgpd(this.#command, this.#pid);
    this.#client[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ leaveRunning: false });
  }

  /** Brings gobgpd to where it should be, whatever state it is in. */
  async connect(restarting: boolean): Promise<void> {
    const { logger } = this.#options;
    if (this.#command !== undefined) {
      const { pid, adopted } = await runGobgpd(this.#command, this.#client, restarting);
      this.#pid = pid;
      logger.info(
        { event: 'gobgpd_running', gobgpdPid: pid, adopted },
        adopted ? 'took over the gobgpd that was running' : 'gobgpd runs',
      );
      if (adopted) await this.#tellPeers();
    } else {
      await this.#configureExternal();
    }
    this.#lost = new AbortController();
    this.#down = undefined;
    if (this.#wanted !== undefined) await this.#tell();
  }

  /** Watches gobgpd until it is gone, brings it back, and so on until {@link stop}. */
  supervise(): void {
    this.#supervision = this.#supervise();
  }

  async #supervise(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#stopped;
    let backoffMs = BACKOFF_FIRST_MS;
    while (!signal.aborted) {
      const upSince = performance.now();
      try {
        if (this.#down !== undefined) await this.connect(true);
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        this.#down = (error as Error).message;
        if (performance.now() - upSince > STABLE_MS) backoffMs = BACKOFF_FIRST_MS;
        logger.error(
          { event: 'gobgpd_lost', err: error, retryInMs: backoffMs },
          'gobgpd is gone; its routes are told again when it is back',
        );
        await wait(backoffMs, undefined, { signal }).catch(() => {});
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
        await this.#reap();
      }
    }
  }

  /** Logs what becomes of sessions; throws when gobgpd is gone. */
  async #watch(): Promise<void> {
    const sessions = this.#sessionWatch();
    const checking = setInterval(() => sessions.check(), SESSION_CHECK_MS);
    const end = AbortSignal.any([this.#stopped.signal, this.#lost.signal]);
    try {
      for await (const peer of this.#client.watchPeers(end)) sessions.saw(peer);
    } finally {
      clearInterval(checking);
    }
    this.#lost.signal.throwIfAborted();
  }

  #sessionWatch(): SessionWatch {
    const command = this.#command;
    return new SessionWatch({
      peers: this.#peers,
      asn: this.#options.asn,
      logger: this.#options.logger,
      now: () => performance.now(),
      reasonOf: (peer) => (command === undefined ? undefined : reasonInLog(tailOf(logFileOf(command)), peer)),
      signatureFailures: readSignatureFailures,
    });
  }

  /** A gobgpd that does not answer but has not ended either is in the way of the next. */
  async #reap(): Promise<void> {
    if (this.#command === undefined || this.#pid === undefined || this.#stopped.signal.aborted) return;
    const answers = await this.#client.getBgp().then(
      () => true,
      () => false,
    );
    if (!answers && isOurs(this.#command, this.#pid)) await stopGobgpd(this.#command, this.#pid);
  }

  async #configureExternal(): Promise<void> {
    const { asn, routerId, gobgpd } = this.#options;
    await this.#client.waitUntilReachable(EXTERNAL_TIMEOUT_MS);
    const identity = await this.#client.getBgp();
    if (identity === undefined) {
      const { gracefulRestartMs } = this.#restart();
      await this.#client.startBgp({ asn, routerId, listenPort: gobgpd.listenPort }, gracefulRestartMs);
    } else if (identity.asn !== asn) {
      throw new SpeakerError(
        'GOBGPD_OTHER_ASN',
        `the gobgpd at ${gobgpd.apiAddress} has AS number ${identity.asn}, not ${asn}`,
        {
          details: { apiAddress: gobgpd.apiAddress, found: identity.asn, wanted: asn },
        },
      );
    }
    await this.#tellPeers();
  }

  /** Tells gobgpd the difference between its peers and those of the options. */
  async #tellPeers(): Promise<void> {
    const found = peerDifference(await this.#client.listPeerSettings(), this.#peers);
    const difference = this.#command === undefined ? { ...found, remove: [] } : found;
    const addresses = (peers: readonly CompletePeer[]) => peers.map(({ address }) => address);
    const [added, updated, removed] = [addresses(difference.add), addresses(difference.update), difference.remove];
    if (added.length + updated.length + removed.length === 0) return;
    await tellPeers(this.#client, difference);
    this.#options.logger.info({ event: 'bgp_peers_changed', added, updated, removed }, 'BGP peers changed');
  }

  /** Tells gobgpd the difference between its paths and those that are wanted. */
  #tell(): Promise<void> {
    this.#telling = this.#telling
      .catch(() => {})
      .then(async () => {
        const current = [...(await this.#client.listOwnPaths('ipv4')), ...(await this.#client.listOwnPaths('ipv6'))];
        const { add, remove } = pathDifference(current, this.#wanted ?? []);
        for (const path of remove) await this.#client.deletePath(path);
        for (const path of add) await this.#client.addPath(path);
      });
    return this.#telling;
  }

  #configuration(): string {
    const { asn, routerId, gobgpd } = this.#options;
    return gobgpdConfiguration({
      asn,
      routerId,
      listenPort: gobgpd.listenPort,
      peers: this.#peers,
      ...this.#restart(),
    });
  }

  #restart(): { gracefulRestartMs?: number } {
    const { enabled, restartTimeMs } = this.#options.gracefulRestart;
    return enabled ? { gracefulRestartMs: restartTimeMs } : {};
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof GobgpError && error.code === 'GOBGP_UNREACHABLE';
}
