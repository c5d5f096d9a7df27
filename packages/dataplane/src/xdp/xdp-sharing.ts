import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { DataplaneError } from '../dataplane-error.js';
import type {
  FlowEvents,
  FlowSharing,
  MissedPacket,
  Settlement as Outcome,
  SettledPacket,
  SharingCounts,
} from '../flow-sharing.js';
import type { TestRun, TestRunOptions } from '../libbpf/bpf-object.js';
import { RingBuffer, RingBufferAlarm } from '../libbpf/ring-buffer.js';
import { EventKind, FlowEvent, Missed, SETTLED_FRAME_MAX, Settlement, SettleWhat, settleResults } from './layout.js';
import type { SettledBackends } from './settled-backends.js';
import type { TableMemory } from './table-memory.js';
import { SETTLEMENTS } from './table-sizes.js';
import { ImageList, ToldFlows } from './told-flows.js';

/** Bytes of the ring buffers where flows are shared: 40,000 events; 45,000 small packets, or 4,800 large ones. */
export const ringBytes = { flow_events: 1 << 22, missed_packets: 1 << 24 } as const;
export type RingName = keyof typeof ringBytes;

/** Events that are taken at a time, for who asks not to be kept too long. */
const EVENTS_AT_ONCE = 16_384;
const MISSED_AT_ONCE = 4096;
/** Told flows are in no hurry: they are looked for so often, or together with what is. */
const GATHER_MS = 10;
const LOOK_AGAIN_MS = 100;
/** How long the program goes on to ask, while nobody looks at it. */
const ATTENDED_TICKS = 3;

/** What a run begins with: room for any frame, and behind it the nonce that tells the program. */
const PLACE_BYTES = SETTLED_FRAME_MAX + 8;
const noPacket = { frame: new Uint8Array(), handedOver: false };
const IMAGE_WORD = FlowEvent.image / 4;

/** How packets and what is known of flows get into the program. */
export interface SettleRuns {
  /** For one packet, of which nothing is sent. @see BpfObject.testRun */
  readonly one: (frame: Uint8Array, options: TestRunOptions) => TestRun;
  /** For packets that leave as those that arrive do. */
  readonly live: (frame: Uint8Array, options: TestRunOptions) => void;
  /** For what has no packets. */
  readonly all: () => void;
  /** Whether a live run may be repeated at no more than the cost of a packet. */
  readonly repeats: () => boolean;
}

/** Sharing of the engine in the kernel: two ring buffers come from it, settlements go to it. */
export class XdpSharing implements FlowSharing, Disposable {
  readonly #memory: TableMemory;
  readonly #backends: SettledBackends;
  readonly #told: ToldFlows;
  readonly #events: RingBuffer;
  readonly #missed: RingBuffer;
  readonly #alarm: RingBufferAlarm;
  readonly #runs: SettleRuns;
  readonly #place = new Uint8Array(PLACE_BYTES);
  /** Taken from the ring, and not by the caller yet. */
  #read = { told: new ImageList(), refreshed: new ImageList(), ended: new ImageList() };
  #adopted = 0;
  /** That could not be given back. */
  #lostPackets = 0;
  #takenAtMs = 0;
  #closed = false;
  #waiting: Promise<void> | undefined;

  /** @param ringFd  descriptors of the ring buffers, as large as {@link ringBytes} says; borrowed */
  constructor(memory: TableMemory, backends: SettledBackends, ringFd: (name: RingName) => number, runs: SettleRuns) {
    this.#memory = memory;
    this.#backends = backends;
    this.#runs = runs;
    this.#told = new ToldFlows(memory.flows);
    this.#events = new RingBuffer(ringFd('flow_events'), 'flow_events', ringBytes.flow_events);
    this.#missed = new RingBuffer(ringFd('missed_packets'), 'missed_packets', ringBytes.missed_packets);
    this.#alarm = new RingBufferAlarm(this.#missed);
  }

  /** Once this process' program runs: what a former one told of is told anew, to this one. */
  begin(): void {
    this.#told.tellAnew(this.#memory.now);
    this.attend();
  }

  /** Says that somebody is there to ask: without that, unknown flows are nobody's. */
  attend(): void {
    this.#memory.askedUntil = this.#memory.now + ATTENDED_TICKS;
  }

  take(): FlowEvents {
    this.#assertOpen();
    this.attend();
    this.#takenAtMs = performance.now();
    this.#readEvents(EVENTS_AT_ONCE);
    const { told, refreshed, ended } = this.#read;
    this.#read = { told: new ImageList(), refreshed: new ImageList(), ended: new ImageList() };
    return { told: told.bytes(), refreshed: refreshed.bytes(), ended: ended.bytes(), missed: this.#takeMissed() };
  }

  #readEvents(most: number): void {
    const { told, refreshed, ended } = this.#read;
    const { words } = this.#events;
    this.#events.consume((word) => {
      const kind = words[word];
      const place = words[word + FlowEvent.place / 4] as number;
      const low = words[word + FlowEvent.tag / 4] as number;
      const high = words[word + FlowEvent.tag / 4 + 1] as number;
      if (kind === EventKind.ended) {
        this.#told.take(place, low, high, ended);
        return;
      }
      this.#told.put(place, low, high, words, word + IMAGE_WORD);
      (kind === EventKind.told ? told : refreshed).push(words, word + IMAGE_WORD);
    }, most);
  }

  #takeMissed(): readonly MissedPacket[] {
    const missed: MissedPacket[] = [];
    const { words } = this.#missed;
    this.#missed.consume((word) => {
      const start = words.byteOffset + word * 4;
      const image = new Uint8Array(words.buffer, start + Missed.image, FLOW_IMAGE_BYTES).slice();
      const length = words[word + Missed.length / 4] as number;
      missed.push({
        direction: words[word + Missed.isAnswer / 4] === 1 ? 'answer' : 'client',
        image,
        frame: new Uint8Array(words.buffer, start + Missed.bytes, length).slice(),
        ifindex: words[word + Missed.ifindex / 4] as number,
        handedOver: words[word + Missed.handedOver / 4] === 1,
      });
    }, MISSED_AT_ONCE);
    return missed;
  }

  async wait(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#closed && this.#missed.isEmpty) {
      this.attend();
      const gatherMs = this.#takenAtMs + GATHER_MS - performance.now();
      const isPending = !this.#events.isEmpty || Object.values(this.#read).some(({ length }) => length > 0);
      if (isPending && gatherMs <= 0) return;
      this.#waiting = this.#alarm.wait(isPending ? Math.ceil(gatherMs) : LOOK_AGAIN_MS);
      await this.#waiting;
    }
  }

  settle(packets: readonly SettledPacket[]): readonly Outcome[] {
    this.#assertOpen();
    const most = this.#runs.repeats() ? SETTLEMENTS : 1;
    const outcomes: Outcome[] = [];
    for (let i = 0; i < packets.length; ) {
      const { ifindex } = (packets[i] as SettledPacket).packet;
      let end = i + 1;
      while (end < packets.length && end - i < most && packets[end]?.packet.ifindex === ifindex) end++;
      const of = packets.slice(i, end);
      outcomes.push(
        ...this.#settle(of, () => this.#runs.live(this.#place, { repeat: of.length, ingressIfindex: ifindex })),
      );
      i = end;
    }
    return outcomes;
  }

  /** {@link settle} for one packet, of which nothing is sent; for tests. */
  testSettle(settled: SettledPacket): { readonly outcome: Outcome; readonly run: TestRun } {
    const { ifindex } = settled.packet;
    let run: TestRun | undefined;
    const [outcome] = this.#settle([settled], () => {
      run = this.#runs.one(this.#place, { ingressIfindex: ifindex });
    });
    return { outcome: outcome as Outcome, run: run as TestRun };
  }

  /** All of one interface. */
  #settle(packets: readonly SettledPacket[], run: () => void): Outcome[] {
    const missing = new Set<number>();
    for (const [i, { packet, flow }] of packets.entries()) {
      const slot = flow && this.#backends.find(flow);
      const what = packet.direction === 'client' ? SettleWhat.client : SettleWhat.answer;
      if (flow !== undefined && slot === undefined) missing.add(i);
      if (flow === undefined || slot === undefined) this.#write(i, SettleWhat.unknown, 0, packet.image, packet);
      else this.#write(i, what, slot, flow, packet);
    }
    // What ended at a place before a flow is adopted there comes before that.
    this.#readEvents(Number.POSITIVE_INFINITY);
    this.#settleWith(packets.length, run);
    return packets.map(({ packet, flow }, i): Outcome => {
      if (missing.has(i)) return 'no_backend';
      if (flow === undefined) return 'unknown';
      const result = this.#resultOf(i);
      if (result === 'adopted') {
        this.#adopted++;
        if (packet.direction === 'client') this.#remember(i);
      }
      return result === 'nothing' ? 'no_room' : result;
    });
  }

  forget(images: Uint8Array): void {
    this.#assertOpen();
    const count = images.byteLength / FLOW_IMAGE_BYTES;
    const nobody = new ImageList();
    for (let first = 0; first < count; first += SETTLEMENTS) {
      const repeat = Math.min(SETTLEMENTS, count - first);
      for (let i = 0; i < repeat; i++) {
        const at = (first + i) * FLOW_IMAGE_BYTES;
        this.#write(i, SettleWhat.forget, 0, images.subarray(at, at + FLOW_IMAGE_BYTES), noPacket);
      }
      this.#settleWith(repeat, () => this.#runs.all());
      for (let i = 0; i < repeat; i++) {
        const words = this.#wordsOf(i);
        const tag = Settlement.tag / 4;
        if (this.#resultOf(i) !== 'known') continue;
        this.#told.take(words[Settlement.place / 4] as number, words[tag] as number, words[tag + 1] as number, nobody);
      }
    }
  }

  /** @see ToldFlows.imageAt */
  imageAt(place: number, tag: bigint): Uint8Array | undefined {
    return this.#told.imageAt(place, tag);
  }

  *told(): IterableIterator<Uint8Array> {
    this.#assertOpen();
    for (const images of this.#told) {
      yield images;
      // The tables may be this process' no more.
      if (this.#closed) return;
    }
  }

  counts(): SharingCounts {
    this.#assertOpen();
    const counts = this.#memory.sharingCounts();
    return { ...counts, lost: counts.lost + this.#lostPackets, adopted: this.#adopted };
  }

  #settleWith(count: number, run: () => void): void {
    const [nonce] = crypto.getRandomValues(new BigUint64Array(1)) as unknown as [bigint];
    new DataView(this.#place.buffer).setBigUint64(SETTLED_FRAME_MAX, nonce, true);
    this.#memory.beginSettling(count, nonce);
    try {
      run();
    } catch (error) {
      if (!(error instanceof DataplaneError)) throw error;
      // The interface is gone, perhaps: its packets are lost, but not what was found out about their flows.
      this.#lostPackets += count;
      this.#runs.all();
    } finally {
      this.#memory.endSettling();
    }
  }

  #write(
    index: number,
    what: number,
    slot: number,
    image: Uint8Array,
    { frame, handedOver }: Pick<MissedPacket, 'frame' | 'handedOver'>,
  ): void {
    if (frame.byteLength > SETTLED_FRAME_MAX) {
      throw new DataplaneError('TABLES_INVALID', `a frame of ${frame.byteLength} bytes was never handed up`);
    }
    const words = this.#wordsOf(index);
    words[Settlement.what / 4] = what;
    words[Settlement.slot / 4] = slot;
    words[Settlement.length / 4] = frame.byteLength;
    words[Settlement.result / 4] = 0;
    words[Settlement.handedOver / 4] = handedOver ? 1 : 0;
    const bytes = new Uint8Array(words.buffer, words.byteOffset, Settlement.bytes);
    bytes.set(image, Settlement.image);
    bytes.set(frame, Settlement.frame);
  }

  #wordsOf(index: number): Uint32Array {
    return new Uint32Array(this.#memory.settlements, index * Settlement.bytes, Settlement.bytes / 4);
  }

  #resultOf(index: number): (typeof settleResults)[number] {
    return settleResults[this.#wordsOf(index)[Settlement.result / 4] as number] ?? 'nothing';
  }

  /** A flow that was adopted counts as told. */
  #remember(index: number): void {
    const words = this.#wordsOf(index);
    const tag = Settlement.tag / 4;
    const place = words[Settlement.place / 4] as number;
    this.#told.put(place, words[tag] as number, words[tag + 1] as number, words, Settlement.image / 4);
  }

  #assertOpen(): void {
    if (this.#closed) throw new DataplaneError('DATAPLANE_CLOSED', 'the data plane was disposed of');
  }

  /** Resolves when nobody waits in {@link wait} any more; then the ring buffers may be closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#memory.askedUntil = this.#memory.now - 1;
    await this.#waiting;
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#alarm[Symbol.dispose]();
    this.#events[Symbol.dispose]();
    this.#missed[Symbol.dispose]();
  }
}
