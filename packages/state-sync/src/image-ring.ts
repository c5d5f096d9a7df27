import { FLOW_IMAGE_BYTES } from '@weir/packet';

const IMAGES_AT_FIRST = 1024;

/** Images in the order in which they came, each with the turn in which it did. Its room doubles as it is needed. */
export class ImageRing {
  #images = Buffer.allocUnsafeSlow(IMAGES_AT_FIRST * FLOW_IMAGE_BYTES);
  #turns = new Float64Array(IMAGES_AT_FIRST);
  #first = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  /** Of the oldest; infinite: there is none. */
  get firstTurn(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : (this.#turns[this.#first] as number);
  }

  /** Adds images of a turn that is not before that of the last one. */
  push(images: Uint8Array, turn: number): void {
    const count = images.byteLength / FLOW_IMAGE_BYTES;
    this.#makeRoom(count);
    const at = (this.#first + this.#count) % this.#turns.length;
    this.#count += count;
    this.#fill(at, images, count, turn);
  }

  /** Puts images back in front that were taken. */
  unshift(images: Uint8Array, turn: number): void {
    const count = images.byteLength / FLOW_IMAGE_BYTES;
    this.#makeRoom(count);
    this.#first = (this.#first - count + this.#turns.length) % this.#turns.length;
    this.#count += count;
    this.#fill(this.#first, images, count, turn);
  }

  /**
   * Takes images of the first turn, as many as lie together, at most `max`, and copies them to `into` at `to`.
   *
   * @returns how many
   */
  takeRun(max: number, into: Uint8Array, to: number): number {
    const limit = Math.min(this.#count, max, this.#turns.length - this.#first);
    const turn = this.firstTurn;
    let count = 0;
    while (count < limit && this.#turns[this.#first + count] === turn) count++;
    const at = this.#first * FLOW_IMAGE_BYTES;
    into.set(this.#images.subarray(at, at + count * FLOW_IMAGE_BYTES), to);
    this.drop(count);
    return count;
  }

  /** Forgets the oldest. */
  drop(count: number): void {
    this.#first = (this.#first + count) % this.#turns.length;
    this.#count -= count;
  }

  #fill(at: number, images: Uint8Array, count: number, turn: number): void {
    const untilEnd = Math.min(count, this.#turns.length - at);
    this.#images.set(images.subarray(0, untilEnd * FLOW_IMAGE_BYTES), at * FLOW_IMAGE_BYTES);
    this.#turns.fill(turn, at, at + untilEnd);
    this.#images.set(images.subarray(untilEnd * FLOW_IMAGE_BYTES), 0);
    this.#turns.fill(turn, 0, count - untilEnd);
  }

  #makeRoom(count: number): void {
    const needed = this.#count + count;
    if (needed <= this.#turns.length) return;
    const size = 2 ** Math.ceil(Math.log2(needed));
    const images = Buffer.allocUnsafeSlow(size * FLOW_IMAGE_BYTES);
    const turns = new Float64Array(size);
    const untilEnd = Math.min(this.#count, this.#turns.length - this.#first);
    const rest = this.#count - untilEnd;
    this.#images.copy(images, 0, this.#first * FLOW_IMAGE_BYTES, (this.#first + untilEnd) * FLOW_IMAGE_BYTES);
    this.#images.copy(images, untilEnd * FLOW_IMAGE_BYTES, 0, rest * FLOW_IMAGE_BYTES);
    turns.set(this.#turns.subarray(this.#first, this.#first + untilEnd));
    turns.set(this.#turns.subarray(0, rest), untilEnd);
    this.#images = images;
    this.#turns = turns;
    this.#first = 0;
  }
}
