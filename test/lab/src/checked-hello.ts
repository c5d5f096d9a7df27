/** What a client of checked connections sends first. */
export interface ConnectionHello {
  readonly connection: number;
  readonly messageBytes: number;
  /** Between two messages of an end. */
  readonly intervalMs: number;
}

/** `connection` in 4 bytes, `messageBytes` in 2, `intervalMs` in 2; big-endian. */
export const HELLO_BYTES = 8;

export function encodeHello({ connection, messageBytes, intervalMs }: ConnectionHello): Buffer {
  const bytes = Buffer.alloc(HELLO_BYTES);
  bytes.writeUInt32BE(connection, 0);
  bytes.writeUInt16BE(messageBytes, 4);
  bytes.writeUInt16BE(intervalMs, 6);
  return bytes;
}

/** @param bytes  at least {@link HELLO_BYTES} */
export function decodeHello(bytes: Buffer): ConnectionHello {
  return { connection: bytes.readUInt32BE(0), messageBytes: bytes.readUInt16BE(4), intervalMs: bytes.readUInt16BE(6) };
}
