import { ETHERNET_BYTES, IPV4_BYTES_MIN } from '@weir/packet';
import { type FlowPacket, writeFlow } from './flow-packet.js';
import type { FlowTuples } from './trampoline.js';

/** Where source address, destination address and ports lie in a frame of IPv4 without options. */
const source = ETHERNET_BYTES + 12;
const destination = ETHERNET_BYTES + 16;
const sourcePort = ETHERNET_BYTES + IPV4_BYTES_MIN;
const destinationPort = sourcePort + 2;
const tupleEnd = destinationPort + 2;

/** The backends' answers to packets that a node has forwarded, for the trampoline. */
export interface Answers {
  /** Of the first flow. */
  readonly bytes: Uint8Array;
  readonly tuples: FlowTuples;
}

/**
 * Sends the first packet of each flow through an engine, which remembers it, and turns what comes out around. IPv4 only.
 *
 * @param later  a later packet of the first flow: answers have its flags and payload
 * @param forward  what the engine makes of a frame, which it may write to
 */
export function collectAnswers(
  packet: FlowPacket,
  later: FlowPacket,
  flows: number,
  forward: (frame: Uint8Array) => Uint8Array,
): Answers {
  const frame = new Uint8Array(packet.bytes.byteLength);
  const tuples = Array.from({ length: flows }, (_, flow) => {
    frame.set(packet.bytes);
    writeFlow(frame, packet, flow);
    return answerTuple(forward(frame));
  });
  const bytes = later.bytes.slice();
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
