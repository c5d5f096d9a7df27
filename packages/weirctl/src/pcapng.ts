/** A packet to be written. */
export interface PcapngPacket {
  /** Name of the interface that it arrived on. */
  readonly interface: string;
  /** Since 1970. */
  readonly timestampNs: bigint;
  /** From the Ethernet header on, perhaps cut off. */
  readonly frame: Uint8Array;
  /** Of the frame before it was cut off. */
  readonly originalBytes: number;
  /** For who reads it; empty: none. */
  readonly comment: string;
}

/** Block types and options of draft-ietf-opsawg-pcapng-03, section 4 and 3.5. */
const Block = { sectionHeader: 0x0a0d_0d0a, interface: 1, enhancedPacket: 6 } as const;
const OptionCode = { end: 0, comment: 1, interfaceName: 2, timestampResolution: 9 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
/** LINKTYPE_ETHERNET. */
const ETHERNET = 1;
/** A power of ten: timestamps count ns. */
const NANOSECONDS = 9;
const ALIGNMENT = 4;
/** Type and length in front, and the length once more behind. */
const BLOCK_FRAME_BYTES = 12;

/**
 * A pcapng file as it grows, for tcpdump and Wireshark: call {@link head} once, then {@link packet} for each packet, and write what
 * they return one after another. Numbers are little-endian.
 */
export class PcapngWriter {
  readonly #snapLength: number;
  /** Numbers of interfaces, in the order in which they are described. */
  readonly #interfaces = new Map<string, number>();

  /** @param snapLength  bytes that are kept of a frame at most */
  constructor(snapLength: number) {
    this.#snapLength = snapLength;
  }

  /** Section header block: version 1.0, of unknown length. */
  head(): Uint8Array {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
    body.writeUInt16LE(1, 4);
    body.writeBigInt64LE(-1n, 8);
    return block(Block.sectionHeader, body);
  }

  /** Enhanced packet block; before the first packet of an interface, the block that describes that. */
  packet({ interface: name, timestampNs, frame, originalBytes, comment }: PcapngPacket): Uint8Array {
    const known = this.#interfaces.get(name);
    const number = known ?? this.#interfaces.size;
    this.#interfaces.set(name, number);
    const header = Buffer.alloc(20);
    header.writeUInt32LE(number, 0);
    header.writeUInt32LE(Number(timestampNs >> 32n), 4);
    header.writeUInt32LE(Number(timestampNs & 0xffff_ffffn), 8);
    header.writeUInt32LE(frame.byteLength, 12);
    header.writeUInt32LE(originalBytes, 16);
    const options = comment === '' ? [] : [option(OptionCode.comment, Buffer.from(comment)), option(OptionCode.end)];
    const written = block(Block.enhancedPacket, Buffer.concat([header, padded(frame), ...options]));
    return known === undefined ? Buffer.concat([this.#describe(name), written]) : written;
  }

  #describe(name: string): Buffer {
    const header = Buffer.alloc(8);
    header.writeUInt16LE(ETHERNET, 0);
    header.writeUInt32LE(this.#snapLength, 4);
    const options = [
      option(OptionCode.interfaceName, Buffer.from(name)),
      option(OptionCode.timestampResolution, Buffer.of(NANOSECONDS)),
      option(OptionCode.end),
    ];
    return block(Block.interface, Buffer.concat([header, ...options]));
  }
}

function block(type: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(BLOCK_FRAME_BYTES + body.byteLength);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(bytes.byteLength, 4);
  bytes.set(body, 8);
  bytes.writeUInt32LE(bytes.byteLength, bytes.byteLength - 4);
  return bytes;
}

function option(code: number, value: Uint8Array = new Uint8Array()): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(code, 0);
  header.writeUInt16LE(value.byteLength, 2);
  return Buffer.concat([header, padded(value)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const filled = new Uint8Array(Math.ceil(bytes.byteLength / ALIGNMENT) * ALIGNMENT);
  filled.set(bytes);
  return filled;
}
