import { ETHERNET_BYTES, EtherType, VLAN_TAG_BYTES } from '@weir/packet';

/** The way to an address, as the kernel's routes and neighbours tell it. */
export interface NextHop {
  readonly ifindex: number;
  /** Of what may be sent there, from the IP header on. */
  readonly mtuBytes: number;
  /** 6 bytes, as is the source. */
  readonly destinationMac: Uint8Array;
  readonly sourceMac: Uint8Array;
  readonly vlan?: { readonly etherType: number; readonly tci: number };
}

/** A packet in a frame to its next hop. */
export function frameTo(
  { destinationMac, sourceMac, vlan }: Omit<NextHop, 'ifindex' | 'mtuBytes'>,
  family: 4 | 6,
  ip: Uint8Array,
): Uint8Array {
  const headerBytes = ETHERNET_BYTES + (vlan === undefined ? 0 : VLAN_TAG_BYTES);
  const frame = new Uint8Array(headerBytes + ip.byteLength);
  const view = new DataView(frame.buffer);
  frame.set(destinationMac, 0);
  frame.set(sourceMac, 6);
  if (vlan !== undefined) {
    view.setUint16(12, vlan.etherType);
    view.setUint16(14, vlan.tci);
  }
  view.setUint16(headerBytes - 2, family === 4 ? EtherType.ipv4 : EtherType.ipv6);
  frame.set(ip, headerBytes);
  return frame;
}
