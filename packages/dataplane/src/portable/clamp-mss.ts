import { TCP_BYTES_MIN, TcpFlag } from '@weir/packet';
import { edit } from './translate.js';

/** Offsets in the TCP header, and kinds of options (RFC 9293, section 3.1). */
const Field = { dataOffset: 12, flags: 13, checksum: 16 } as const;
const OptionKind = { end: 0, noOperation: 1, maximumSegmentSize: 2 } as const;
const MSS_OPTION_BYTES = 4;

/**
 * In a SYN, of either side, whose first MSS option asks for more than `mss`, that becomes `mss`; in place.
 *
 * @param packet  from its IP header to the end of the frame
 */
export function clampMss(packet: Uint8Array, transportOffset: number, mss: number): void {
  const tcp = packet.subarray(transportOffset);
  const view = new DataView(tcp.buffer, tcp.byteOffset, tcp.byteLength);
  if ((view.getUint8(Field.flags) & TcpFlag.syn) === 0) return;
  const headerBytes = (view.getUint8(Field.dataOffset) >> 4) * 4;
  const option = mssOption(tcp.subarray(0, headerBytes));
  if (option === undefined || view.getUint16(option + 2) <= mss) return;
  // Options need not be aligned, checksums count words: the words that hold the value are replaced.
  const [from, to] = [option & ~1, (option + MSS_OPTION_BYTES + 1) & ~1];
  const words = tcp.slice(from, to);
  new DataView(words.buffer).setUint16(option - from + 2, mss);
  edit(tcp, from, words, [Field.checksum]);
}

/** Where the first MSS option begins; undefined: there is none, or what stands before it is nonsense. */
function mssOption(header: Uint8Array): number | undefined {
  let at = TCP_BYTES_MIN;
  while (at < header.byteLength) {
    const kind = header[at];
    if (kind === OptionKind.end) return undefined;
    if (kind === OptionKind.noOperation) {
      at++;
      continue;
    }
    const length = header[at + 1];
    if (length === undefined || length < 2 || at + length > header.byteLength) return undefined;
    if (kind === OptionKind.maximumSegmentSize && length === MSS_OPTION_BYTES) return at;
    at += length;
  }
  return undefined;
}
