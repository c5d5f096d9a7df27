import { FLOW_IMAGE_BYTES, FlowImageField } from '@weir/packet';
import { FlowUpper } from './layout.js';

/** Places whose images are kept in one piece of memory, which is taken when the first of them is told. */
const PLACES_PER_PIECE = 16_384;
const IMAGE_WORDS = FLOW_IMAGE_BYTES / 4;
/** Before the image: the tag. */
const TAG_WORDS = 2;
const ENTRY_WORDS = TAG_WORDS + IMAGE_WORDS;
const IMAGES_AT_ONCE = 512;

/**
 * What was told of the flows in the flow table, by their places there: the table itself has no addresses, and who looks for
 * a flow that ended, or wants to tell of all once more, finds them here.
 */
export class ToldFlows {
  readonly #pieces: (Uint32Array | undefined)[] = [];
  /** The flow table: tag and value of each place, as words of 32 bits. */
  readonly #flows: Uint32Array;

  constructor(flows: BigUint64Array) {
    this.#flows = new Uint32Array(flows.buffer, flows.byteOffset, flows.length * 2);
  }

  /** @param from  where an image begins in `words` */
  put(place: number, tagLow: number, tagHigh: number, words: Uint32Array, from: number): void {
    const index = Math.floor(place / PLACES_PER_PIECE);
    this.#pieces[index] ??= new Uint32Array(PLACES_PER_PIECE * ENTRY_WORDS);
    const piece = this.#pieces[index];
    const at = (place % PLACES_PER_PIECE) * ENTRY_WORDS;
    piece[at] = tagLow;
    piece[at + 1] = tagHigh;
    for (let i = 0; i < IMAGE_WORDS; i++) piece[at + TAG_WORDS + i] = words[from + i] as number;
  }

  /** A copy of the image of the flow that stands at a place; undefined: it was not told of by this process. */
  imageAt(place: number, tag: bigint): Uint8Array | undefined {
    const piece = this.#pieces[Math.floor(place / PLACES_PER_PIECE)];
    const at = (place % PLACES_PER_PIECE) * ENTRY_WORDS;
    if (piece === undefined || piece[at] !== Number(tag & 0xffff_ffffn) || piece[at + 1] !== Number(tag >> 32n)) {
      return undefined;
    }
    return new Uint8Array(piece.buffer, (at + TAG_WORDS) * 4, FLOW_IMAGE_BYTES).slice();
  }

  /** Takes out what was told of a flow, and appends its image; nothing, if another flow has been told of at that place. */
  take(place: number, tagLow: number, tagHigh: number, images: ImageList): void {
    const piece = this.#pieces[Math.floor(place / PLACES_PER_PIECE)];
    const at = (place % PLACES_PER_PIECE) * ENTRY_WORDS;
    if (piece === undefined || piece[at] !== tagLow || piece[at + 1] !== tagHigh) return;
    images.push(piece, at + TAG_WORDS);
    piece[at] = 0;
    piece[at + 1] = 0;
  }

  /** Images of the flows that were told of and are not over, as they are now, in pieces of a few hundred. */
  *[Symbol.iterator](): IterableIterator<Uint8Array> {
    let images = new ImageList();
    for (const [index, piece] of this.#pieces.entries()) {
      if (piece === undefined) continue;
      for (let i = 0; i < PLACES_PER_PIECE; i++) {
        const at = i * ENTRY_WORDS;
        const word = (index * PLACES_PER_PIECE + i) * 4;
        const isThere = (piece[at] !== 0 || piece[at + 1] !== 0) && this.#isTold(word, piece, at);
        if (!isThere) continue;
        images.push(piece, at + TAG_WORDS, ((this.#flows[word + 2] as number) >>> 28) & 0xf);
        if (images.length < IMAGES_AT_ONCE) continue;
        yield images.bytes();
        images = new ImageList();
      }
    }
    if (images.length > 0) yield images.bytes();
  }

  #isTold(word: number, piece: Uint32Array, at: number): boolean {
    const flows = this.#flows;
    return (
      flows[word] === piece[at] &&
      flows[word + 1] === piece[at + 1] &&
      ((flows[word + 3] as number) & FlowUpper.told) !== 0
    );
  }

  /**
   * All flows that a former life of this process told of are told as new ones with their next packet: nobody here knows
   * their addresses.
   */
  tellAnew(nowTicks: number): void {
    const flows = this.#flows;
    for (let word = 3; word < flows.length; word += 4) {
      for (;;) {
        const upper = Atomics.load(flows, word);
        if ((upper & FlowUpper.told) === 0) break;
        const anew = (upper & ~(FlowUpper.told | FlowUpper.dueMask)) | (nowTicks & FlowUpper.dueMask);
        if (Atomics.compareExchange(flows, word, upper, anew >>> 0) === upper) break;
      }
    }
  }
}

/** Images one after another, in memory that grows. */
export class ImageList {
  #words = new Uint32Array(16 * IMAGE_WORDS);
  #length = 0;

  /** Images. */
  get length(): number {
    return this.#length;
  }

  /**
   * @param from  where an image begins in `words`
   * @param state  if it is another by now
   */
  push(words: Uint32Array, from: number, state?: number): void {
    const at = this.#length * IMAGE_WORDS;
    if (at === this.#words.length) {
      const larger = new Uint32Array(2 * at);
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let i = 0; i < IMAGE_WORDS; i++) this.#words[at + i] = words[from + i] as number;
    if (state !== undefined) new Uint8Array(this.#words.buffer)[at * 4 + FlowImageField.state] = state;
    this.#length++;
  }

  /** Not copied. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#length * FLOW_IMAGE_BYTES);
  }
}
