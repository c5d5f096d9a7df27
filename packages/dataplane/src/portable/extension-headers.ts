import { Ipv6Extension } from '@weir/packet';

/** How many are looked through: the XDP program walks no further. */
const EXTENSION_HEADERS_MAX = 4;
const UNIT_BYTES = 8;

/** What stands behind the extension headers of an IPv6 packet. */
export interface BehindExtensions {
  readonly protocol: number;
  readonly transportOffset: number;
  readonly fragment: { readonly identification: number; readonly isFirst: boolean } | undefined;
}

/**
 * Walks hop-by-hop options, routing, destination options and fragment headers (RFC 8200, section 4). A later fragment
 * ends the walk: what follows is no header. Of two fragment headers the last one tells. A fragment header that says
 * first and last (RFC 6946) makes no fragment.
 *
 * @param packet  from its IP header to its end, without what Ethernet padded
 * @param offset  of the first header that may be an extension
 * @returns `unreadable`: more headers than are looked through, or one that does not lie in the packet
 */
export function walkExtensions(
  packet: Uint8Array,
  nextHeader: number,
  offset: number,
): BehindExtensions | 'unreadable' {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let protocol = nextHeader;
  let at = offset;
  let fragment: BehindExtensions['fragment'];
  for (let walked = 0; isExtensionHeader(protocol); walked++) {
    if (walked === EXTENSION_HEADERS_MAX || at + UNIT_BYTES > packet.byteLength) return 'unreadable';
    const isFragment = protocol === Ipv6Extension.fragment;
    const headerBytes = isFragment ? UNIT_BYTES : (view.getUint8(at + 1) + 1) * UNIT_BYTES;
    if (at + headerBytes > packet.byteLength) return 'unreadable';
    protocol = view.getUint8(at);
    if (isFragment) {
      const word = view.getUint16(at + 2);
      const [fragmentOffset, more] = [word & 0xfff8, (word & 1) === 1];
      const isWhole = fragmentOffset === 0 && !more;
      fragment = isWhole ? undefined : { identification: view.getUint32(at + 4), isFirst: fragmentOffset === 0 };
    }
    at += headerBytes;
    if (fragment?.isFirst === false) break;
  }
  return { protocol, transportOffset: at, fragment };
}

function isExtensionHeader(protocol: number): boolean {
  return extensions.has(protocol);
}

const extensions = new Set<number>(Object.values(Ipv6Extension));
