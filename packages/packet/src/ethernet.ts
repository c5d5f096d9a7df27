import { type Decoded, hasBytes, truncated, viewFrom } from './decoded.js';

/** IANA "IEEE 802 Numbers". */
export const EtherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8 } as const;

export const ETHERNET_BYTES = 14;
export const VLAN_TAG_BYTES = 4;
/** A customer's tag inside a provider's (802.1ad). */
const TAGS_MAX = 2;

/** IEEE 802.1Q-2022, section 9.6. */
export interface VlanTag {
  readonly tpid: number;
  /** 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 to 4095. */
  readonly id: number;
}

/**
 * ```
 *  0                   6                   12      (+4 a tag)      14
 * +-------------------+-------------------+ - - - - - - - - - +-------+
 * |    destination    |      source       |  TPID  |   TCI    | type  |
 * +-------------------+-------------------+ - - - - - - - - - +-------+
 * ```
 */
export interface EthernetHeader {
  /** 6 bytes. */
  readonly destination: Uint8Array;
  /** 6 bytes. */
  readonly source: Uint8Array;
  /** Outermost first; at most two. */
  readonly tags: readonly VlanTag[];
  readonly etherType: number;
}

export function ethernetBytes(header: Pick<EthernetHeader, 'tags'>): number {
  return ETHERNET_BYTES + header.tags.length * VLAN_TAG_BYTES;
}

/** Writes the header at `offset`; returns where the payload begins. */
export function encodeEthernet(header: EthernetHeader, bytes: Uint8Array, offset = 0): number {
  bytes.set(header.destination, offset);
  bytes.set(header.source, offset + 6);
  const view = viewFrom(bytes, offset);
  let at = 12;
  for (const { tpid, priority, dropEligible, id } of header.tags) {
    view.setUint16(at, tpid);
    view.setUint16(at + 2, (priority << 13) | (dropEligible ? 0x1000 : 0) | id);
    at += VLAN_TAG_BYTES;
  }
  view.setUint16(at, header.etherType);
  return offset + at + 2;
}

/** Reads a header at `offset`; `payloadOffset` is where what it carries begins. */
export function decodeEthernet(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: EthernetHeader; readonly payloadOffset: number }> {
  if (!hasBytes(bytes, offset, ETHERNET_BYTES)) return truncated;
  const view = viewFrom(bytes, offset);
  const tags: VlanTag[] = [];
  let at = 12;
  let etherType = view.getUint16(at);
  while ((etherType === EtherType.vlan || etherType === EtherType.serviceVlan) && tags.length < TAGS_MAX) {
    if (!hasBytes(bytes, offset, at + 2 + VLAN_TAG_BYTES)) return truncated;
    const control = view.getUint16(at + 2);
    tags.push({
      tpid: etherType,
      priority: control >> 13,
      dropEligible: (control & 0x1000) !== 0,
      id: control & 0xfff,
    });
    at += VLAN_TAG_BYTES;
    etherType = view.getUint16(at);
  }
  const header = {
    destination: bytes.slice(offset, offset + 6),
    source: bytes.slice(offset + 6, offset + 12),
    tags,
    etherType,
  };
  return { ok: true, header, payloadOffset: offset + at + 2 };
}
