import { createHash } from 'node:crypto';

/**
 * One end of a connection whose every byte is known beforehand. Either end sends messages of one size:
 *
 * ```
 * |  4 bytes, big-endian: how many bytes of the other  |  the next bytes of the end's own stream  |
 * |  end's messages have arrived so far                |                                          |
 * ```
 *
 * so that whoever reads a message knows what of its own has arrived. The stream of a connection's end is a pattern of
 * pseudo-random bytes, entered at a place that no other connection and not the other end begin at: bytes that are changed,
 * lost, repeated or another connection's do not fit it.
 */
export class CheckedStream {
  readonly #ownStart: number;
  readonly #farStart: number;
  readonly #count = Buffer.alloc(COUNT_BYTES);
  #sent = 0;
  #received = 0;
  #confirmed = 0;

  /**
   * @param connection    0 to {@link CONNECTIONS_MAX} - 1, the same at both ends
   * @param messageBytes  more than 4, the same at both ends
   */
  constructor(
    connection: number,
    end: 'client' | 'server',
    readonly messageBytes: number,
  ) {
    const starts = [2 * connection, 2 * connection + 1].map((stream) => (stream * START_DISTANCE) % PATTERN_BYTES);
    const [client, server] = starts as [number, number];
    [this.#ownStart, this.#farStart] = end === 'client' ? [client, server] : [server, client];
  }

  /** Bytes of the messages that were made. */
  get sent(): number {
    return this.#sent;
  }

  /** Bytes that arrived and were right. */
  get received(): number {
    return this.#received;
  }

  /** Of {@link sent}, how many bytes the other end says to have. */
  get confirmed(): number {
    return this.#confirmed;
  }

  nextMessage(): Buffer {
    const message = Buffer.allocUnsafe(this.messageBytes);
    message.writeUInt32BE(this.#received, 0);
    const start = placeAt(this.#ownStart, this.#sent + COUNT_BYTES);
    pattern.copy(message, COUNT_BYTES, start, start + this.messageBytes - COUNT_BYTES);
    this.#sent += this.messageBytes;
    return message;
  }

  /**
   * Takes what arrived.
   *
   * @returns what is wrong with it, with the offset in the other end's stream; undefined when all is right
   */
  receive(bytes: Buffer): string | undefined {
    for (let at = 0; at < bytes.length; ) {
      const inMessage = this.#received % this.messageBytes;
      const partEnd = inMessage < COUNT_BYTES ? COUNT_BYTES : this.messageBytes;
      const part = bytes.subarray(at, at + partEnd - inMessage);
      const wrong = inMessage < COUNT_BYTES ? this.#takeCount(part, inMessage) : this.#comparePart(part);
      if (wrong !== undefined) return wrong;
      this.#received += part.length;
      at += part.length;
    }
    return undefined;
  }

  #takeCount(part: Buffer, at: number): string | undefined {
    part.copy(this.#count, at);
    if (at + part.length < COUNT_BYTES) return undefined;
    const count = this.#count.readUInt32BE(0);
    if (count < this.#confirmed || count > this.#sent) {
      return `at ${this.#received}: expected a count of ${this.#confirmed} to ${this.#sent}, found ${count}`;
    }
    this.#confirmed = count;
    return undefined;
  }

  #comparePart(part: Buffer): string | undefined {
    const start = placeAt(this.#farStart, this.#received);
    const expected = pattern.subarray(start, start + part.length);
    if (part.equals(expected)) return undefined;
    const wrong = part.findIndex((byte, i) => byte !== expected[i]);
    return `at ${this.#received + wrong}: expected the byte ${expected[wrong]}, found ${part[wrong]}`;
  }
}

/** How many connections have streams of their own. */
export const CONNECTIONS_MAX = 32_760;

/** What an end writes at most that its kernel does not take: of a connection that stands still. */
export const UNSENT_BYTES_MAX = 65_536;

const COUNT_BYTES = 4;
/** A prime, so that the starts of streams meet only after as many of them. */
const PATTERN_BYTES = 65_521;
const START_DISTANCE = 16;
const MESSAGE_BYTES_MAX = 65_535;

/** The pattern, and enough of it again for a message that begins near its end. */
const pattern = (() => {
  const once = createHash('shake256', { outputLength: PATTERN_BYTES }).update('checked stream').digest();
  return Buffer.concat([once, once, once]).subarray(0, PATTERN_BYTES + MESSAGE_BYTES_MAX);
})();

function placeAt(start: number, offset: number): number {
  return (start + offset) % PATTERN_BYTES;
}
