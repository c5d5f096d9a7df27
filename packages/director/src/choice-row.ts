import { addressToBytes, type FiveTuple } from '@weir/packet';
import { DirectorError } from './director-error.js';
import { type RowRanksModule, rowRanksModule } from './row-ranks-module.js';
import { siphashBlocks } from './siphash-blocks.js';

/** A field of a packet by which its row is chosen. */
export type HashField = 'source' | 'destination' | 'sourcePort' | 'destinationPort';

/** All of them, in the order in which they are hashed, whatever order they are named in (GLB's order). */
export const hashFields: readonly HashField[] = ['source', 'destination', 'sourcePort', 'destinationPort'];

const ROW_MASK = 0xffff;
const KEY_BYTES = 16;

/**
 * Row of a packet: low 16 bits of SipHash-2-4 of some of its fields, in network order.
 *
 * @param key     16 bytes, the same on all nodes
 * @param fields  GLB's own choice is the source alone: all connections of a client have one row
 * @throws {DirectorError} KEY_INVALID
 * @throws AddressError ADDRESS_INVALID
 */
export function choiceRow(
  key: Uint8Array,
  fields: readonly HashField[],
  tuple: Pick<FiveTuple, 'source' | 'destination' | 'sourcePort' | 'destinationPort'>,
): number {
  if (key.byteLength !== KEY_BYTES) {
    throw new DirectorError('KEY_INVALID', `a hash key has ${KEY_BYTES} bytes, not ${key.byteLength}`);
  }
  const message = hashFields.filter((field) => fields.includes(field)).flatMap((field) => fieldBytes(tuple, field));
  module ??= rowRanksModule();
  const scratch = module.scratch.value;
  const blocks = siphashBlocks(Uint8Array.from(message));
  const memory = new Uint8Array(module.memory.buffer);
  memory.set(key, scratch);
  memory.set(blocks, scratch + KEY_BYTES);
  const from = scratch + KEY_BYTES;
  return module.hashLow(from, from + blocks.byteLength - 16) & ROW_MASK;
}

let module: RowRanksModule | undefined;

function fieldBytes(tuple: Parameters<typeof choiceRow>[2], field: HashField): number[] {
  const value = tuple[field];
  return typeof value === 'string' ? [...addressToBytes(value)] : [value >> 8, value & 0xff];
}
