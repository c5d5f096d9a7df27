import { addressToBytes } from '@weir/packet';
import type { FlowTuple } from '../flow-table-view.js';
import { protocolNumbers } from '../portable/transport.js';

const MASK_64 = (1n << 64n) - 1n;
const MASK_32 = 0xffff_ffffn;
const MIX_1 = 0x9e3779b97f4a7c15n;
/** Words whose products are added up: two an address, and ports with protocol. */
const WORDS = 5;

/**
 * What the flow table tells the packets of a client by: flow_key() of bpf/lib/hash.h.
 *
 * @param keys  FLOW_KEY_WORDS of them
 */
export function flowTag(keys: Uint32Array, { protocol, client, vip }: FlowTuple): bigint {
  const ports = BigInt(client.port) | (BigInt(vip.port) << 16n);
  const words = [
    ...wordsOf(addressToBytes(client.address)),
    ...wordsOf(mapped(addressToBytes(vip.address))),
    (BigInt(protocolNumbers[protocol]) << 32n) | ports,
  ];
  const tag = (nh(keys, 0, words) + nh(keys, 2, words) * MIX_1) & MASK_64;
  // 0 and 1 mean something else.
  return tag > 1n ? tag : tag + 2n;
}

/** NH of UMAC: RFC 4418, section 5.2. */
function nh(keys: Uint32Array, first: number, words: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < WORDS; i++) {
    const word = words[i] as bigint;
    const low = ((word & MASK_32) + BigInt(keys[first + 2 * i] as number)) & MASK_32;
    const high = ((word >> 32n) + BigInt(keys[first + 2 * i + 1] as number)) & MASK_32;
    sum += low * high;
  }
  return sum & MASK_64;
}

/** As the program loads them: little-endian. */
function wordsOf(address: Uint8Array): readonly [bigint, bigint] {
  const bytes = new Uint8Array(16);
  bytes.set(address);
  const view = new DataView(bytes.buffer);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}

/** Destinations are kept as services are looked up by: IPv4 as IPv6 has it (RFC 4291, section 2.5.5.2). */
function mapped(address: Uint8Array): Uint8Array {
  return address.byteLength === 16 ? address : Uint8Array.of(...Array(10).fill(0), 0xff, 0xff, ...address);
}
