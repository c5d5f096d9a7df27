/**
 * Messages of grpc.health.v1 (health.proto of gRPC) in the encoding of protocol buffers, framed as gRPC frames them
 * ("gRPC over HTTP2", Length-Prefixed-Message):
 * ```
 *  0              1                             5
 * +--------------+-----------------------------+-----------
 * | compressed 0 | bytes of the message, 32 bit | message
 * +--------------+-----------------------------+-----------
 * ```
 */
const FRAME_BYTES = 5;
/** Field 1 with wire type 2, length-delimited: `HealthCheckRequest.service`. */
const SERVICE_TAG = 0x0a;
/** Field 1 with wire type 0, varint: `HealthCheckResponse.status`. */
const STATUS_TAG = 0x08;

/** Names of `HealthCheckResponse.ServingStatus`, by number. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof servingStatuses)[number];

/** A framed `HealthCheckRequest`; '' asks about the server as a whole. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.byteLength === 0 ? name : Buffer.concat([tagAndLength(name.byteLength), name]);
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([frame, message]);
}

/** The status in a framed `HealthCheckResponse`; undefined: it is none, or cut off. */
export function decodeHealthResponse(bytes: Buffer): ServingStatus | undefined {
  if (bytes.byteLength < FRAME_BYTES || bytes[0] !== 0) return undefined;
  const end = FRAME_BYTES + bytes.readUInt32BE(1);
  if (bytes.byteLength < end) return undefined;
  // What has its default value, 0, is left out (proto3).
  if (end === FRAME_BYTES) return 'UNKNOWN';
  return bytes[FRAME_BYTES] === STATUS_TAG ? servingStatuses[bytes[FRAME_BYTES + 1] ?? -1] : undefined;
}

function tagAndLength(length: number): Buffer {
  const bytes = [SERVICE_TAG];
  for (let rest = length; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
