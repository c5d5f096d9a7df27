import { encodeGue, GUE_BYTES_MIN } from '@weir/packet';

const LIST_BYTES = 4;

export function gueHopsBytes(family: 4 | 6, hopCount: number): number {
  return GUE_BYTES_MIN + LIST_BYTES + hopCount * (family === 4 ? 4 : 16);
}

export interface GueHops {
  readonly protocol: number;
  readonly family: 4 | 6;
  readonly nextHop: number;
  readonly hops: readonly Uint8Array[];
}

export function encodeGueHops({ protocol, family, nextHop, hops }: GueHops, bytes: Uint8Array, offset: number): number {
  const optional = Uint8Array.from([0, family === 4 ? 0 : 1, nextHop, hops.length, ...hops.flatMap((hop) => [...hop])]);
  return encodeGue({ control: false, protocol, flags: 0, optional }, bytes, offset);
}
