import { TcpFlag } from '@weir/packet';
import { tcpOptions } from './tcp-options.js';
import { editBytes } from './translate.js';

/** Offsets in the TCP header; kind and length of the option (RFC 9293, sections 3.1 and 3.2). */
const FLAGS = 13;
const CHECKSUM = 16;
const MSS = 2;
const MSS_OPTION_BYTES = 4;

/**
 * In a SYN, of either side, whose first MSS option asks for more than `mss`, that becomes `mss`; in place.
 *
 * @param packet  from its IP header to the end of the frame
 */
export function clampMss(packet: Uint8Array, transportOffset: number, mss: number): void {
  const tcp = packet.subarray(transportOffset);
  const view = new DataView(tcp.buffer, tcp.byteOffset, tcp.byteLength);
  if ((view.getUint8(FLAGS) & TcpFlag.syn) === 0) return;
  const found = tcpOptions(tcp).find(({ kind, bytes }) => kind === MSS && bytes === MSS_OPTION_BYTES);
  if (found === undefined || view.getUint16(found.at + 2) <= mss) return;
  editBytes(tcp, found.at + 2, Uint8Array.of(mss >> 8, mss & 0xff), CHECKSUM);
}
