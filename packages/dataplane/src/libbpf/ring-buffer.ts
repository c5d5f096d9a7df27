import { DataplaneError } from '../dataplane-error.js';
import { checked, native, type Pointer, viewOf } from './native.js';

const PROT_READ = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const PAGE_BYTES = 4096;
/** Of a record's first word (BPF_RINGBUF_BUSY_BIT and BPF_RINGBUF_DISCARD_BIT of linux/bpf.h). */
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const RECORD_HEADER_BYTES = 8;

/**
 * The reading end of a BPF ring buffer, in its own memory: a record costs no call. Layout as kernel/bpf/ringbuf.c maps it: a
 * page with the consumer's position, one with the producer's, then the data, twice in a row, so that no record is cut.
 */
export class RingBuffer implements Disposable {
  readonly fd: number;
  /** The data, twice, as words of 32 bits; a record lies within it in one piece. */
  readonly words: Uint32Array;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #bytes: number;
  readonly #mappings: readonly (readonly [Pointer, number])[];
  #closed = false;

  /**
   * @param fd  of the map; borrowed
   * @param bytes  of its data: a power of two, at least a page
   */
  constructor(fd: number, name: string, bytes: number) {
    this.fd = fd;
    this.#bytes = bytes;
    const map = (length: number, protection: number, offset: number) => {
      const start = native().mmap(null, length, protection, MAP_SHARED, fd, offset) as Pointer | null;
      if (start === null || BigInt.asUintN(64, start) === MAP_FAILED) {
        throw new DataplaneError(
          'BPF_CALL_FAILED',
          `the memory of ring buffer ${name} (${bytes} bytes) can't be mapped`,
        );
      }
      return start;
    };
    const producerBytes = PAGE_BYTES + 2 * bytes;
    const consumer = map(PAGE_BYTES, PROT_READ_WRITE, 0);
    const producer = map(producerBytes, PROT_READ, PAGE_BYTES);
    this.#mappings = [
      [consumer, PAGE_BYTES],
      [producer, producerBytes],
    ];
    this.#consumer = new BigUint64Array(viewOf(consumer, PAGE_BYTES), 0, 1);
    const shared = viewOf(producer, producerBytes);
    this.#producer = new BigUint64Array(shared, 0, 1);
    this.words = new Uint32Array(shared, PAGE_BYTES);
  }

  get isEmpty(): boolean {
    return this.#closed || Atomics.load(this.#consumer, 0) === Atomics.load(this.#producer, 0);
  }

  /**
   * Reads what is there, oldest first; a record is the producer's again after the call.
   *
   * @param read  is told where a record begins in {@link words}, and its length in bytes
   * @param most  records
   */
  consume(read: (word: number, bytes: number) => void, most: number): void {
    const start = Number(Atomics.load(this.#consumer, 0));
    const end = Number(Atomics.load(this.#producer, 0));
    let position = start;
    for (let i = 0; i < most && position < end; i++) {
      const word = (position % this.#bytes) / 4;
      const header = Atomics.load(this.words, word);
      if ((header & BUSY) !== 0) break;
      const length = header & ~DISCARDED;
      if ((header & DISCARDED) === 0) read(word + RECORD_HEADER_BYTES / 4, length);
      position += RECORD_HEADER_BYTES + Math.ceil(length / 8) * 8;
    }
    if (position !== start) Atomics.store(this.#consumer, 0, BigInt(position));
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const [start, bytes] of this.#mappings) native().munmap(start, bytes);
  }
}

/** EPOLL_CTL_ADD and EPOLLIN of linux/eventpoll.h; struct epoll_event is packed: 4 bytes of events, 8 of data. */
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLL_EVENT_BYTES = 12;

/** Waits, in a thread of its own, until the kernel wakes who reads a ring buffer. */
export class RingBufferAlarm implements Disposable {
  readonly #epoll: number;
  #closed = false;

  constructor({ fd }: RingBuffer) {
    this.#epoll = checked(native().epollCreate(0), 'epoll_create1');
    const event = Buffer.alloc(EPOLL_EVENT_BYTES);
    event.writeUInt32LE(EPOLLIN);
    const result = native().epollControl(this.#epoll, EPOLL_CTL_ADD, fd, event) as number;
    if (result < 0) throw new DataplaneError('BPF_CALL_FAILED', 'a ring buffer can not be waited for');
  }

  /** Resolves when there is a record that somebody should look at, or after `ms`. */
  async wait(ms: number): Promise<void> {
    const event = Buffer.alloc(EPOLL_EVENT_BYTES);
    await new Promise<void>((resolve, reject) => {
      native().epollWait.async(this.#epoll, event, 1, ms, (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    native().close(this.#epoll);
  }
}
