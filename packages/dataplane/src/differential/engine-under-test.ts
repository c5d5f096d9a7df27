import type { Counters, ForwardingTables } from '../dataplane.js';
import type { DropReason } from '../drop-reason.js';
import type { FlowEvents, SettledPacket, Settlement, SharingCounts } from '../flow-sharing.js';
import type { PacketTrace } from '../packet-trace.js';

/** What became of a frame, as far as both engines can be asked. */
export type Outcome =
  | { readonly action: 'pass' | 'drop' }
  /** `back`: out of the interface that it came in by. */
  | { readonly action: 'transmit'; readonly back: boolean; readonly frame: Uint8Array };

/** A flow as both engines can tell it: the tables of one of them hold no tuples. One that is translated is two. */
export interface FlowSeen {
  /** Address and port. */
  readonly backend: string;
  /** `answer`: the way back. */
  readonly state: string;
  readonly lastSeen: number;
}

/** One implementation of the decision, at a time that the test sets. */
export interface EngineUnderTest {
  /** Nothing is remembered of what was before. */
  reset(): Promise<void>;
  apply(tables: ForwardingTables): Promise<void>;
  /** Moves the clock, and takes out what has expired by then. */
  setClock(nowTicks: number): void;
  run(frame: Uint8Array): Outcome;
  /** What {@link run} would do; changes nothing of {@link memory}. */
  trace(frame: Uint8Array): Promise<PacketTrace>;
  /** All that the engine remembers and counts, as a text that is the same while it is. */
  memory(): string;
  drops(): Promise<Readonly<Record<DropReason, number>>>;
  traffic(): Promise<Pick<Counters, 'services' | 'handovers'>>;
  /** @see Dataplane.takeNeededRows */
  neededRows(): ReadonlyMap<string, readonly number[]>;
  flows(): readonly FlowSeen[];
  /** @see FlowSharing.take */
  events(): FlowEvents;
  settle(settled: SettledPacket): { readonly settlement: Settlement; readonly outcome: Outcome };
  forget(images: Uint8Array): void;
  /** @see FlowSharing.told */
  told(): Iterable<Uint8Array>;
  sharingCounts(): SharingCounts;
}
