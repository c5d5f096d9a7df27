import assert from 'node:assert';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';
import { IpProtocol } from './ipv4.js';

export const TCP_BYTES_MIN = 20;
const TCP_BYTES_MAX = 60;

/** Bits of the flags byte (RFC 9293, section 3.1; ECE and CWR: RFC 3168). */
export const TcpFlag = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

/** Kinds of options (IANA "TCP Option Kind Numbers"). */
const OptionKind = { end: 0, noOperation: 1, maximumSegmentSize: 2 } as const;

/** Offsets of RFC 9293, section 3.1. */
const Field = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgment: 8,
  dataOffset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  urgent: 18,
} as const;

/**
 * ```
 *  0                               16                              32
 * +-------------------------------+-------------------------------+
 * |          source port          |       destination port        |
 * +-------------------------------+-------------------------------+
 * |                        sequence number                        |
 * +---------------------------------------------------------------+
 * |                     acknowledgment number                     |
 * +-------+-------+---------------+-------------------------------+
 * |offset | res.  |     flags     |            window             |
 * +-------+-------+---------------+-------------------------------+
 * |           checksum            |        urgent pointer         |
 * +-------------------------------+-------------------------------+
 * |                  options, a multiple of 4 bytes               |
 * ```
 */
export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** Of {@link TcpFlag}. */
  readonly flags: number;
  readonly window: number;
  readonly checksum: number;
  readonly urgentPointer: number;
  /** 0 to 40 bytes, a multiple of 4. */
  readonly options: Uint8Array;
}

export function tcpBytes(header: Pick<TcpHeader, 'options'>): number {
  return TCP_BYTES_MIN + header.options.byteLength;
}

/** Writes the header, its checksum as it is given; returns where the payload begins. See {@link setTcpChecksum}. */
export function encodeTcp(header: TcpHeader, bytes: Uint8Array, offset = 0): number {
  const headerBytes = tcpBytes(header);
  assert(headerBytes <= TCP_BYTES_MAX && headerBytes % 4 === 0, 'TCP options are 0 to 40 bytes, in words of 4');
  const view = viewFrom(bytes, offset);
  view.setUint16(Field.sourcePort, header.sourcePort);
  view.setUint16(Field.destinationPort, header.destinationPort);
  view.setUint32(Field.sequence, header.sequence);
  view.setUint32(Field.acknowledgment, header.acknowledgment);
  view.setUint8(Field.dataOffset, (headerBytes / 4) << 4);
  view.setUint8(Field.flags, header.flags);
  view.setUint16(Field.window, header.window);
  view.setUint16(Field.checksum, header.checksum);
  view.setUint16(Field.urgent, header.urgentPointer);
  bytes.set(header.options, offset + TCP_BYTES_MIN);
  return offset + headerBytes;
}

/** Computes the checksum of a segment that ends with the array, and writes it. */
export function setTcpChecksum(bytes: Uint8Array, offset: number, source: Uint8Array, destination: Uint8Array): void {
  const segment = bytes.subarray(offset);
  const view = viewFrom(bytes, offset);
  view.setUint16(Field.checksum, 0);
  const start = pseudoHeaderSum(source, destination, IpProtocol.tcp, segment.byteLength);
  view.setUint16(Field.checksum, internetChecksum(segment, start));
}

/** `malformed`: the data offset is less than the header's 20 bytes. */
export function decodeTcp(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: TcpHeader; readonly payloadOffset: number }> {
  if (!hasBytes(bytes, offset, TCP_BYTES_MIN)) return truncated;
  const view = viewFrom(bytes, offset);
  const headerBytes = (view.getUint8(Field.dataOffset) >> 4) * 4;
  if (headerBytes < TCP_BYTES_MIN) return malformed;
  if (!hasBytes(bytes, offset, headerBytes)) return truncated;
  const header: TcpHeader = {
    sourcePort: view.getUint16(Field.sourcePort),
    destinationPort: view.getUint16(Field.destinationPort),
    sequence: view.getUint32(Field.sequence),
    acknowledgment: view.getUint32(Field.acknowledgment),
    flags: view.getUint8(Field.flags),
    window: view.getUint16(Field.window),
    checksum: view.getUint16(Field.checksum),
    urgentPointer: view.getUint16(Field.urgent),
    options: bytes.slice(offset + TCP_BYTES_MIN, offset + headerBytes),
  };
  return { ok: true, header, payloadOffset: offset + headerBytes };
}

/** The MSS that a SYN's options tell (RFC 9293, section 3.7.1); undefined: none, or the options are nonsense. */
export function maximumSegmentSize(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.byteLength; ) {
    const kind = options[at] as number;
    if (kind === OptionKind.end) return undefined;
    if (kind === OptionKind.noOperation) {
      at++;
      continue;
    }
    const length = options[at + 1];
    if (length === undefined || length < 2 || at + length > options.byteLength) return undefined;
    if (kind === OptionKind.maximumSegmentSize && length === 4) return viewFrom(options, at).getUint16(2);
    at += length;
  }
  return undefined;
}

/** The option that tells an MSS, 4 bytes. */
export function maximumSegmentSizeOption(mss: number): Uint8Array {
  return Uint8Array.of(OptionKind.maximumSegmentSize, 4, mss >> 8, mss & 0xff);
}
