import type { CompletePeer, PeerStatus, SessionState } from '@weir/gobgp-client';
import { failuresSince, type SignatureFailures } from './signature-failures.js';
import type { SpeakerLogger } from './speaker-logger.js';

/** What a watch asks for. */
export interface SessionWatchParts {
  readonly peers: readonly CompletePeer[];
  /** AS number of this node. */
  readonly asn: number;
  readonly logger: SpeakerLogger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** Why gobgpd ended or refused a session, if it says so. */
  readonly reasonOf: (peer: string) => string | undefined;
  /** Undefined: it can't be had now. */
  readonly signatureFailures: () => SignatureFailures | undefined;
}

/** gobgpd calls 5 to 10 s after it began, and as long after a call that failed; a session that needs longer needs help. */
const COMES_UP_MS = 15_000;

interface Session {
  readonly peer: CompletePeer;
  state: SessionState;
  /** Since when it has not been established; undefined: it is. */
  downSinceMs: number | undefined;
  failuresBefore: SignatureFailures | undefined;
  /** What was said of this outage. */
  readonly said: Set<string>;
}

/** Says in the log what becomes of each session, and what may keep one from coming up. Each thing once an outage. */
export class SessionWatch {
  readonly #parts: SessionWatchParts;
  readonly #sessions: ReadonlyMap<string, Session>;

  constructor(parts: SessionWatchParts) {
    this.#parts = parts;
    const failuresBefore = parts.signatureFailures();
    const downSinceMs = parts.now();
    this.#sessions = new Map(
      parts.peers.map((peer) => [
        peer.address,
        { peer, state: 'unknown', downSinceMs, failuresBefore, said: new Set() },
      ]),
    );
  }

  /** gobgpd tells of a state; peers of others are none of ours. */
  saw({ address, state }: Pick<PeerStatus, 'address' | 'state'>): void {
    const session = this.#sessions.get(address);
    if (session === undefined || session.state === state) return;
    const before = session.state;
    session.state = state;
    if (state === 'established') this.#up(session, before);
    else if (before === 'established') this.#down(session, before);
    else if (wasRefused(before, state)) this.#refused(session, before);
  }

  /** Looks for sessions that should be up by now. To be called every few seconds. */
  check(): void {
    for (const session of this.#sessions.values()) {
      const { peer, state, downSinceMs } = session;
      if (downSinceMs === undefined || this.#parts.now() - downSinceMs < COMES_UP_MS) continue;
      const reason = this.#signatureReason(session) ?? this.#parts.reasonOf(peer.address) ?? silenceOf(peer);
      this.#say(
        session,
        { event: 'bgp_session_not_up', state, reason },
        `is not up after ${COMES_UP_MS / 1000} s (${state}): ${reason}`,
      );
    }
  }

  #up(session: Session, before: SessionState): void {
    const { address, asn } = session.peer;
    session.downSinceMs = undefined;
    session.said.clear();
    const details = { peer: address, asn, before, state: session.state };
    this.#parts.logger.info({ event: 'bgp_session_up', ...details }, `BGP session with ${address} is established`);
  }

  #down(session: Session, before: SessionState): void {
    session.downSinceMs = this.#parts.now();
    session.failuresBefore = this.#parts.signatureFailures();
    const { state, peer } = session;
    const reason = this.#parts.reasonOf(peer.address) ?? 'gobgpd gives no reason';
    this.#say(
      session,
      { event: 'bgp_session_down', before, state, reason },
      `is down (${before} to ${state}): ${reason}`,
    );
  }

  #refused(session: Session, before: SessionState): void {
    const { state, peer } = session;
    const reason =
      this.#parts.reasonOf(peer.address) ??
      `it takes the connection, but not the session; has it this node as neighbour, with AS number ${this.#parts.asn}?`;
    this.#say(
      session,
      { event: 'bgp_session_refused', before, state, reason },
      `does not come up (${before} to ${state}): ${reason}`,
    );
  }

  #say(session: Session, details: object, message: string): void {
    if (session.said.has(message)) return;
    session.said.add(message);
    const { address, asn } = session.peer;
    this.#parts.logger.warn({ peer: address, asn, ...details }, `BGP session with ${address} ${message}`);
  }

  /** The kernel drops such segments without a word to gobgpd. */
  #signatureReason({ peer, failuresBefore }: Session): string | undefined {
    const { missing, unexpected, wrong } = failuresSince(failuresBefore, this.#parts.signatureFailures());
    if (peer.password === undefined) {
      return unexpected > 0
        ? 'the kernel drops TCP segments with an MD5 signature, and this peer has no password here; the router has one'
        : undefined;
    }
    if (wrong > 0) return 'the kernel drops TCP segments with a wrong MD5 signature; the router has another password';
    if (missing > 0) return 'the kernel drops TCP segments without MD5 signature; the router has no password';
    return undefined;
  }
}

/** The connection was there, the session did not get far. */
function wasRefused(before: SessionState, after: SessionState): boolean {
  return (before === 'opensent' || before === 'openconfirm') && (after === 'idle' || after === 'active');
}

function silenceOf({ address, port, password, passive }: CompletePeer): string {
  if (passive) return `${address} has not called`;
  const advice = password === undefined ? '' : '; a router that has another password drops calls without a word';
  return `no answer from port ${port}${advice}`;
}
