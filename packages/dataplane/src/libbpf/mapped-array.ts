import { DataplaneError } from '../dataplane-error.js';
import { native, type Pointer, viewOf } from './native.js';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const PAGE_BYTES = 4096;

/**
 * The memory of an array map that was made with BPF_F_MMAPABLE: what is stored here, the program reads in its next
 * packet. Elements are `elementBytes` apart (a multiple of 8).
 */
export class MappedArray implements Disposable {
  readonly buffer: ArrayBuffer;
  readonly #start: Pointer;
  readonly #mappedBytes: number;
  #unmapped = false;

  /** @param fd  of the map; may be closed afterwards */
  constructor(fd: number, name: string, elementBytes: number, elements: number) {
    const bytes = elementBytes * elements;
    this.#mappedBytes = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    const start = native().mmap(null, this.#mappedBytes, PROT_READ_WRITE, MAP_SHARED, fd, 0) as Pointer | null;
    if (start === null || BigInt.asUintN(64, start) === MAP_FAILED) {
      throw new DataplaneError('BPF_CALL_FAILED', `the memory of map ${name} (${bytes} bytes) can't be mapped`);
    }
    this.#start = start;
    this.buffer = viewOf(start, bytes);
  }

  /** After this, `buffer` must not be touched. */
  [Symbol.dispose](): void {
    if (this.#unmapped) return;
    this.#unmapped = true;
    native().munmap(this.#start, this.#mappedBytes);
  }
}
