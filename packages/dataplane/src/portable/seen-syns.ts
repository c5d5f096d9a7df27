import type { IpPacket } from './parse-frame.js';
import type { Backend } from './service.js';
import { tupleText } from './tuple.js';

/** Ticks from one SYN to the next of the same connection; SYN_KNOWN_TICKS in bpf/lib/attempt.h. */
const KNOWN_TICKS = 32;
/** Offset in the TCP header (RFC 9293, section 3.1). */
const TCP_SEQUENCE = 4;

interface SeenSyn {
  atTicks: number;
  wasRepeated: boolean;
}

/**
 * SYNs to backends of services that are watched, so that one that comes again is known: nobody answered the first one. The same
 * SYN to another backend is another attempt, and so is one after a refusal, which failed already; one within the same tick is a
 * copy that some switch or cable made. docs/health.md, "Signs in the traffic".
 */
export class SeenSyns {
  readonly #max: number;
  /** Who was seen longest ago first. */
  readonly #syns = new Map<string, SeenSyn>();
  readonly #numbers = new WeakMap<Backend, number>();
  #backends = 0;

  /** @param max  who was seen longest ago gives way where there is no room */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * A SYN that goes to this backend: counted as an attempt, or as one that nobody answered.
   *
   * @param wasClosed  its flow was in state close before
   */
  note(backend: Backend, packet: IpPacket, nowTicks: number, wasClosed: boolean): void {
    const key = `${this.#numberOf(backend)} ${sequenceOf(packet)} ${tupleText(packet)}`;
    const known = this.#syns.get(key);
    const isRepeated = known !== undefined && nowTicks - known.atTicks <= KNOWN_TICKS && !wasClosed;
    if (isRepeated && known.atTicks === nowTicks) return;
    this.#syns.delete(key);
    this.#syns.set(key, { atTicks: nowTicks, wasRepeated: isRepeated });
    if (!isRepeated) backend.attempts.tried++;
    else if (!known.wasRepeated) backend.attempts.unanswered++;
    for (const [oldest, { atTicks }] of this.#syns) {
      if (this.#syns.size <= this.#max && nowTicks - atTicks <= KNOWN_TICKS) return;
      this.#syns.delete(oldest);
    }
  }

  /** A backend that is gone, and comes back, is another one. */
  #numberOf(backend: Backend): number {
    const number = this.#numbers.get(backend) ?? this.#backends++;
    this.#numbers.set(backend, number);
    return number;
  }
}

function sequenceOf({ frame, ipOffset, transportOffset }: IpPacket): number {
  return new DataView(frame.buffer, frame.byteOffset + ipOffset + transportOffset).getUint32(TCP_SEQUENCE);
}
