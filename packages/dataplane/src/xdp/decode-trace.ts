import assert from 'node:assert';
import { bytesToAddress } from '@weir/packet';
import { dropReasons } from '../drop-reason.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { macText } from '../mac-text.js';
import type { PacketTrace, TracedBackend, TracedEnd, TraceStep } from '../packet-trace.js';
import type { FlowState } from '../portable/flow-state.js';
import type { Scheduling } from '../scheduling.js';
import { traceVerdict } from '../trace-verdict.js';
import { flowStates, NO_BACKEND, Pick, TraceLog, TraceStepRecord, tracedIcmp, traceKinds } from './layout.js';
import type { TracedRun } from './xdp-tracer.js';

/** linux/bpf.h, enum xdp_action: dropped, passed, sent back out, redirected. */
const actions = [undefined, 'drop', 'pass', 'transmit', 'transmit'] as const;
const HOPS_MAX = 4;
const pickNames: Readonly<Record<number, Scheduling['pick']>> = {
  [Pick.hashFlow]: 'hash',
  [Pick.hashSource]: 'hash',
  [Pick.hashDestination]: 'hash',
  [Pick.next]: 'next',
  [Pick.least]: 'least',
  [Pick.locality]: 'locality',
};

/** What the numbers in a log stand for. */
export interface TracedNames {
  /** Text of the service's first listener. @param index  of the service */
  service(index: number): string | undefined;
  backend(slot: number): TracedBackend & { readonly forwarding: ForwardingMethod; readonly isNode: boolean };
}

/** One record of the log. Words are 64 bits in the host's order; addresses and ports are as they were in the packet. */
class LogEntry {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, index: number) {
    this.#view = view;
    this.#at = TraceLog.steps + index * TraceStepRecord.bytes;
  }

  get kind(): (typeof traceKinds)[number] {
    return traceKinds[this.#view.getUint32(this.#at + TraceStepRecord.kind, true)] ?? 'none';
  }

  get number(): number {
    return this.#view.getUint32(this.#at + TraceStepRecord.number, true);
  }

  /** The lower half of a word. */
  low(word: number): number {
    return this.#view.getUint32(this.#at + TraceStepRecord.words + 8 * word, true);
  }

  word(word: number): bigint {
    return this.#view.getBigUint64(this.#at + TraceStepRecord.words + 8 * word, true);
  }

  bytes(word: number, from: number, length: number): Uint8Array {
    const start = this.#view.byteOffset + this.#at + TraceStepRecord.words + 8 * word + from;
    return new Uint8Array(this.#view.buffer, start, length).slice();
  }
}

/** A log in words, with what becomes of the packet. */
export function decodeTrace(run: TracedRun, ingressIfindex: number, names: TracedNames): PacketTrace {
  const count = run.log.getUint32(TraceLog.count, true);
  const records = Array.from({ length: count }, (_, index) => new LogEntry(run.log, index));
  let family: 4 | 6 = 4;
  const steps = records.flatMap((record) => {
    if (record.kind === 'parsed') family = (record.low(4) & 0xff) === 4 ? 4 : 6;
    return stepOf(record, family, names) ?? [];
  });
  const dropped = run.log.getUint32(TraceLog.dropped, true);
  const action = actions[run.action];
  assert(action !== undefined, `the program returned ${run.action}`);
  const verdict = traceVerdict(steps, {
    action,
    reason: dropped === 0 ? undefined : dropReasons[dropped - 1],
    ingressIfindex,
    isHandedOver: records.some((record) => record.kind === 'method' && names.backend(record.number).isNode),
  });
  return { steps, verdict, ...(action === 'transmit' ? { packet: run.frame } : {}) };
}

/** undefined: nothing that is shown. */
function stepOf(record: LogEntry, family: 4 | 6, names: TracedNames): TraceStep | undefined {
  const { kind, number } = record;
  const backendAt = (slot: number): TracedBackend | undefined => {
    if (slot === NO_BACKEND) return undefined;
    const { address, port } = names.backend(slot);
    return { address, port };
  };
  switch (kind) {
    case 'parsed':
      return parsed(record, family);
    case 'link_address':
      return { step: kind, isForThisNode: false };
    case 'taken_over':
      return { step: kind };
    case 'service':
      return serviceStep(number, names);
    case 'guard':
      return { step: kind, denied: number === 1 };
    case 'row':
      return { step: kind, row: number - record.low(2), backend: backendAt(record.low(0)), kept: record.low(1) !== 0 };
    case 'choices':
      return { step: kind, backends: choicesFrom(number, record.word(0)).map(backendAt).filter(isThere) };
    case 'flow':
      return number === 0 ? { step: kind, known: false } : knownFlow(record, backendAt);
    case 'owner':
      return {
        step: kind,
        node: backendAt(number)?.address,
        hops: slotsIn(record.word(0))
          .map(backendAt)
          .filter(isThere)
          .map(({ address }) => address),
      };
    case 'asked':
      return { step: kind, outcome: number === 0 ? 'over_rate' : 'handed_up' };
    case 'rate':
      return { step: kind, of: number === 0 ? 'source' : 'node', admitted: record.low(0) !== 0 };
    case 'persistence':
      return { step: kind, backend: backendAt(number) };
    case 'scheduled':
      return { step: kind, by: pickNames[record.low(0)] ?? 'hash', backend: backendAt(number) };
    case 'remembered':
      return { step: kind, state: flowStates[number] as FlowState };
    case 'translation':
      return { step: kind, source: end(record, 0, 0, family), destination: end(record, 2, 1, family) };
    case 'answer':
      return { step: kind, vip: end(record, 0, 0, family), client: end(record, 2, 1, family) };
    case 'fragment':
      return { step: kind, known: number !== 0 };
    case 'icmp':
      return { step: kind, message: tracedIcmp[number] ?? 'other' };
    case 'method':
      return methodStep(number, names);
    case 'next_hop':
      return nextHop(record);
    case 'too_big':
      return { step: kind, bytes: number, mtuBytes: record.low(0) };
    default:
      return undefined;
  }
}

function parsed(record: LogEntry, family: 4 | 6): TraceStep {
  const [facts, lengths] = [record.low(4), record.low(5)];
  const addressBytes = family === 4 ? 4 : 16;
  const isFirst = ((lengths >>> 16) & 1) === 1;
  const isLater = ((lengths >>> 17) & 1) === 1;
  return {
    step: 'parsed',
    family,
    protocol: (facts >>> 8) & 0xff,
    source: { address: bytesToAddress(record.bytes(0, 0, addressBytes)), port: record.number & 0xffff },
    // Of IPv4 the last four bytes: it stands there as ::ffff:a.b.c.d.
    destination: {
      address: bytesToAddress(record.bytes(2, 16 - addressBytes, addressBytes)),
      port: record.number >>> 16,
    },
    tcpFlags: facts >>> 24,
    ttl: (facts >>> 16) & 0xff,
    bytes: lengths & 0xffff,
    fragment: isLater ? 'later' : isFirst ? 'first' : 'none',
  };
}

/** The owners' service is of the nodes: whether it took the packet is said by what follows. */
function serviceStep(number: number, names: TracedNames): TraceStep | undefined {
  if (number === 0) return { step: 'service', service: undefined };
  const service = names.service(number - 1);
  return service === undefined ? undefined : { step: 'service', service };
}

function knownFlow(record: LogEntry, backendAt: (slot: number) => TracedBackend | undefined): TraceStep {
  const value = record.word(0);
  const backend = backendAt(Number(value & 0xffffn));
  assert(backend !== undefined, 'a flow that is known has a backend');
  const state = flowStates[Number((value >> 28n) & 0xfn)] as FlowState;
  return { step: 'flow', known: true, backend, state, idleSeconds: record.low(1) };
}

function methodStep(slot: number, names: TracedNames): TraceStep {
  const { address, port, forwarding } = names.backend(slot);
  return { step: 'method', backend: { address, port }, forwarding };
}

function nextHop(record: LogEntry): TraceStep {
  const { number } = record;
  if (number !== 0) {
    const outcome = dropReasons[number - 1];
    return { step: 'next_hop', outcome: outcome === 'no_neighbour' ? outcome : 'no_route' };
  }
  const vlan = record.low(2);
  return {
    step: 'next_hop',
    outcome: 'found',
    ifindex: record.low(0),
    mtuBytes: record.low(1),
    destinationMac: macText(record.bytes(3, 0, 6)),
    vlan: vlan === 0 ? undefined : vlan,
  };
}

/** An address in two words, and one of the two ports in the number, as they are in the packet. */
function end(record: LogEntry, word: number, which: 0 | 1, family: 4 | 6): TracedEnd {
  const port = (record.number >>> (16 * which)) & 0xffff;
  return {
    address: bytesToAddress(record.bytes(word, 0, family === 4 ? 4 : 16)),
    port: ((port & 0xff) << 8) | (port >>> 8),
  };
}

/** Where there is no first choice, nobody goes on to the others. */
function choicesFrom(first: number, others: bigint): number[] {
  return first === NO_BACKEND ? [] : [first, ...slotsIn(others)];
}

/** Slots of backends, 16 bits each. */
function slotsIn(word: bigint): number[] {
  return Array.from({ length: HOPS_MAX }, (_, i) => Number((word >> BigInt(16 * i)) & 0xffffn));
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
