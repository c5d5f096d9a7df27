import { choiceRow, type HashField } from '@weir/director';
import { bytesToAddress } from '@weir/packet';
import type { Backend, Service } from './service.js';
import type { Tuple } from './tuple.js';

/** Beside the first choice, with what a change of the hashed fields adds. */
const HOPS_MAX = 4;

/** Half of the golden ratio's 64 bits, as `hash_of_choice()` in bpf/lib/choices.h has it. */
const PORTS_FACTOR = 0x9e37_79b9;

/** What spreads tunnels over paths: the row, which is hashed under a key, and the ports. 32 bits. */
function hashOfChoice(row: number, { sourcePort, destinationPort }: Tuple): number {
  const ports = (sourcePort | (destinationPort << 16)) >>> 0;
  return ((row << 16) + Math.imul(ports, PORTS_FACTOR)) >>> 0;
}

/** What a packet may try. */
export interface Choices {
  /** In this order; none: the packet is of no row, or of one without choices. */
  readonly backends: readonly Backend[];
  readonly hash: number;
}

/** The backends that may have the packet's flow: docs/packet-path.md, section 3. */
export function choicesOf(service: Service, tuple: Tuple): Choices {
  const { scheduling, rows } = service;
  if (scheduling.pick !== 'choices' || rows.length === 0) return { backends: [], hash: 0 };
  const { fields, alternativeFields = [] } = scheduling.hash;
  const named = { ...tuple, source: bytesToAddress(tuple.source), destination: bytesToAddress(tuple.destination) };
  const rowOf = (hashed: readonly HashField[]) => choiceRow(scheduling.hash.key, hashed, named);
  const inRow = (row: number) =>
    rows
      .slice(row * scheduling.choices, (row + 1) * scheduling.choices)
      .filter((backend): backend is Backend => backend !== undefined);
  const row = rowOf(fields);
  const choices = inRow(row);
  const isAlone = choices.length === 0 || alternativeFields.length === 0;
  const before = isAlone ? [] : inRow(rowOf(alternativeFields));
  const backends = [...new Set([...choices, ...before])].slice(0, 1 + HOPS_MAX);
  return { backends, hash: hashOfChoice(row, tuple) };
}
