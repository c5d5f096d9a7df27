import { ETHERNET_BYTES, IPV4_BYTES_MIN } from '@weir/packet';
import { type FlowPacket, writeFlow } from './flow-packet.js';
import type { FlowTuples } from './trampoline.js';

/** Where source address, destination address and ports lie in a frame of IPv4 without options. */
const source = ETHERNET_BYTES + 12;
const destination = ETHERNET_BYTES + 16;
const sourcePort = ETHERNET_BYTES + IPV4_BYTES_MIN;
const destinationPort = sourcePort + 2;
const tupleEnd = destinationPort + 2;

/** Packets of many flows in one direction, for the trampoline. */
export interface Direction {
  /** Of the first flow. */
  readonly bytes: Uint8Array;
  readonly tuples: FlowTuples;
}

/** Flows of nat or fullnat that an engine knows: what the client sends, and what the backend answers. */
export interface TranslatedFlows {
  readonly toBackend: Direction;
  readonly toClient: Direction;
}

/**
 * Sends the first packet of each flow through an engine, which remembers it, and learns from what comes out how the
 * backend will answer. Flows that had to give way to others by then are left out. IPv4 only.
 *
 * @param first  of flow 0
 * @param later  another packet of flow 0: what is sent in both directions has its flags and payload
 * @param forward  what the engine makes of a frame, which it may write to; undefined: nothing
 */
export function recordTranslations(
  first: FlowPacket,
  later: FlowPacket,
  flows: number,
  forward: (frame: Uint8Array) => Uint8Array | undefined,
): TranslatedFlows {
  const send = (packet: FlowPacket, flow: number) => {
    const frame = packet.bytes.slice();
    writeFlow(frame, packet, flow);
    const sent = frame.slice(source, tupleEnd);
    return { sent, forwarded: forward(frame) };
  };
  const numbers = Array.from({ length: flows }, (_, flow) => flow);
  for (const flow of numbers) send(first, flow);
  const known = numbers.flatMap((flow) => {
    const { sent, forwarded } = send(later, flow);
    return forwarded === undefined ? [] : [{ sent, answered: answerTuple(forwarded) }];
  });
  return {
    toBackend: directionOf(
      later,
      known.map(({ sent }) => sent),
    ),
    toClient: directionOf(
      later,
      known.map(({ answered }) => answered),
    ),
  };
}

function directionOf({ bytes: sample }: FlowPacket, tuples: readonly Uint8Array[]): Direction {
  const bytes = sample.slice();
  bytes.set(tuples[0] ?? [], source);
  return { bytes, tuples: { offset: source, tuples } };
}

/** Addresses and ports of a frame, from and to exchanged. */
function answerTuple(forwarded: Uint8Array): Uint8Array {
  const tuple = new Uint8Array(tupleEnd - source);
  const copy = (from: number, bytes: number, to: number) =>
    tuple.set(forwarded.subarray(from, from + bytes), to - source);
  copy(destination, 4, source);
  copy(source, 4, destination);
  copy(destinationPort, 2, sourcePort);
  copy(sourcePort, 2, destinationPort);
  return tuple;
}
