import type { MetricFamily } from './metric-family.js';

const FIRST_BYTES = 65_536;
/** Most that UTF-8 makes of a character of JavaScript. */
const BYTES_PER_CHARACTER = 3;
/** Longest number, and what stands around it in a line. */
const VALUE_BYTES = 32;
const [NEWLINE, SPACE, ZERO, CLOSING_BRACE] = [0x0a, 0x20, 0x30, 0x7d];
/** So many digits of a number are taken at a time: 32-bit arithmetic has them. */
const CHUNK_DIGITS = 9;
const CHUNK = 10 ** CHUNK_DIGITS;

/**
 * Writes families in the text format of Prometheus, 0.0.4, as bytes: names and labels are copied, and no text is made of a
 * whole number, so that a page of 10,000 backends leaves no garbage. prom-client keeps an object and a hash for each series,
 * and joins one text of all: that takes several times as long (docs/metrics.md).
 */
export class PageWriter {
  #bytes: Buffer;
  #length = 0;

  /** @param bytes  that the page will have, about; it may have more */
  constructor(bytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  /** A page, or part of one, that somebody else has written. */
  add(text: string): void {
    this.#reserve(text.length * BYTES_PER_CHARACTER);
    this.#length += this.#bytes.write(text, this.#length);
  }

  family<Figures>({ name, type, help, write }: MetricFamily<Figures>, figures: Figures): void {
    this.add(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    const nameBytes = Buffer.from(name);
    write(figures, (open, value, more) => this.#series(nameBytes, open, more, value));
  }

  /** All that was written; nothing may be written any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #series(name: Uint8Array, open: Uint8Array, more: Uint8Array | undefined, value: number): void {
    this.#reserve(name.length + open.length + (more?.length ?? 0) + VALUE_BYTES);
    this.#copy(name);
    this.#copy(open);
    if (more !== undefined) this.#copy(more);
    const bytes = this.#bytes;
    if (open.length > 0) bytes[this.#length++] = CLOSING_BRACE;
    bytes[this.#length++] = SPACE;
    this.#value(value);
    bytes[this.#length++] = NEWLINE;
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #value(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      this.#length += this.#bytes.write(String(value), this.#length, 'latin1');
    } else if (value < CHUNK) {
      this.#digits(value, digitsOf(value));
    } else {
      // Of 16 digits, what is above the lowest nine fits 32 bits.
      const high = Math.floor(value / CHUNK);
      this.#digits(high, digitsOf(high));
      this.#digits(value - high * CHUNK, CHUNK_DIGITS);
    }
  }

  /** @param value  below 2^31 */
  #digits(value: number, digits: number): void {
    const bytes = this.#bytes;
    let rest = value;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#length += digits;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.byteLength));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
