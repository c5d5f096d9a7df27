import type { MetricFamily } from './metric-family.js';

/** So much text at a time becomes bytes: longer, and the collector of garbage would have to carry it along. */
const PIECE_CHARACTERS = 8192;
const FIRST_BYTES = 65_536;
/** Most that UTF-8 makes of a character of JavaScript. */
const BYTES_PER_CHARACTER = 3;

/**
 * Writes families in the text format of Prometheus, 0.0.4, as bytes. prom-client keeps an object and a hash for each series,
 * and joins one text of all: with 10,000 backends that takes several times as long (docs/metrics.md).
 */
export class PageWriter {
  #bytes: Buffer;
  #length = 0;
  #piece = '';

  /** @param bytes  that the page will have, about; it may have more */
  constructor(bytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(bytes);
  }

  /** A page, or part of one, that somebody else has written. */
  add(text: string): void {
    this.#flush();
    this.#write(text);
  }

  family<Figures>({ name, type, help, write }: MetricFamily<Figures>, figures: Figures): void {
    this.#piece += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    write(figures, (open, value, more = '') => {
      this.#piece += `${name}${open}${more}${open === '' ? '' : '}'} ${value}\n`;
      if (this.#piece.length > PIECE_CHARACTERS) this.#flush();
    });
  }

  /** All that was written; nothing may be written any more. */
  finish(): Buffer {
    this.#flush();
    return this.#bytes.subarray(0, this.#length);
  }

  #flush(): void {
    this.#write(this.#piece);
    this.#piece = '';
  }

  #write(text: string): void {
    const needed = this.#length + text.length * BYTES_PER_CHARACTER;
    if (needed > this.#bytes.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.byteLength));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(text, this.#length);
  }
}
