import { FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';

/**
 * What the store holds of a flow, under its client's id. Ports and addresses in network order, numbers big-endian.
 *
 *     0        1        2                          5                          8
 *     +--------+--------+--------+--------+--------+--------+--------+--------+
 *     | version| flags  |  service, low 24 bits    |          owner           |
 *     +--------+--------+--------+--------+--------+--------+--------+--------+
 *     |   client port   |   backend port  | client (4, 16), backend (4, 16) ...
 *     +--------+--------+--------+--------+
 *     fullnat, after the backend: local (4, 16) | local port (2) | service, high 8 bits (1)
 *
 * flags: bit 0: the client has an IPv6 address; bit 1: the backend has one; bits 2-3: kind; bits 4-6: state; bit 7: 0.
 *
 * | flow | IPv4 | IPv6 |
 * |---|---|---|
 * | plain, nat | 20 | 44 |
 * | fullnat | 27 | 63 |
 *
 * Up to 44 bytes Redis keeps a value in one piece with its header.
 */
export const STATE_RECORD_VERSION = 1;

/** Of the longest record. */
export const FLOW_RECORD_BYTES_MAX = 63;

/** Offsets in bytes. Scripts in Redis read version and owner, too: redis-scripts.ts. */
export const RecordField = {
  version: 0,
  flags: 1,
  service: 2,
  owner: 5,
  clientPort: 8,
  backendPort: 10,
  addresses: 12,
} as const;

const CLIENT_IS_IPV6 = 0x01;
const BACKEND_IS_IPV6 = 0x02;
const KIND_SHIFT = 2;
const KIND = 0x03;
const STATE_SHIFT = 4;
const STATE = 0x07;
const RESERVED = 0x80;

/** As flow-image.ts has them. */
const IMAGE_KIND = 0x03;
const IMAGE_BACKEND_IS_IPV6 = 0x80;
const FULLNAT = 2;

/** Why a value is no record of the flow that was asked for. */
export type ForeignReason = 'version' | 'length' | 'nonsense' | 'other_flow' | 'other_service';

/** True: a record can be made of this image. Whoever handed in something else made a mistake, which is counted. */
export function isRecordable(images: Uint8Array, at: number): boolean {
  const family = images[at + Field.family];
  const state = images[at + Field.state] as number;
  const kind = images[at + Field.kind] as number;
  return (family === 4 || family === 6) && state > 0 && state <= STATE && (kind & IMAGE_KIND) <= FULLNAT;
}

/** True: the flow is found from both directions, each under an id of its own. */
export function isFullnat(images: Uint8Array, at: number): boolean {
  return ((images[at + Field.kind] as number) & IMAGE_KIND) === FULLNAT;
}

/**
 * Writes the record of the image at `at` to `into` at `to`, and returns its length. The image {@link isRecordable}.
 *
 * @param owner  see {@link ownerNumber}
 */
export function encodeFlowRecord(images: Uint8Array, at: number, owner: number, into: Uint8Array, to: number): number {
  const isIpv6 = images[at + Field.family] === 6;
  const imageKind = images[at + Field.kind] as number;
  const isBackendIpv6 = (imageKind & IMAGE_BACKEND_IS_IPV6) !== 0;
  const kind = imageKind & IMAGE_KIND;
  const addressBytes = isIpv6 ? 16 : 4;
  let position = to;
  into[position++] = STATE_RECORD_VERSION;
  into[position++] =
    (isIpv6 ? CLIENT_IS_IPV6 : 0) |
    (isBackendIpv6 ? BACKEND_IS_IPV6 : 0) |
    (kind << KIND_SHIFT) |
    ((images[at + Field.state] as number) << STATE_SHIFT);
  // Images have the service's number in little-endian order.
  into[position++] = images[at + Field.service + 2] as number;
  into[position++] = images[at + Field.service + 1] as number;
  into[position++] = images[at + Field.service] as number;
  into[position++] = owner >>> 16;
  into[position++] = owner >>> 8;
  into[position++] = owner;
  into[position++] = images[at + Field.clientPort] as number;
  into[position++] = images[at + Field.clientPort + 1] as number;
  into[position++] = images[at + Field.backendPort] as number;
  into[position++] = images[at + Field.backendPort + 1] as number;
  position = copy(images, at + Field.client, addressBytes, into, position);
  position = copy(images, at + Field.backend, isBackendIpv6 ? 16 : 4, into, position);
  if (kind === FULLNAT) {
    position = copy(images, at + Field.local, addressBytes, into, position);
    position = copy(images, at + Field.localPort, 2, into, position);
    into[position++] = images[at + Field.service + 3] as number;
  }
  return position - to;
}

/** A record that was read: the complete image of its flow, and who serves it. */
export type DecodedFlowRecord =
  | { readonly ok: true; readonly image: Uint8Array; readonly owner: number }
  | { readonly ok: false; readonly reason: ForeignReason };

/**
 * Reads the record of the flow whose image `asked` has family, protocol, client, VIP and service; a service of 0 is not
 * compared. Of a flow of fullnat whose `asked` has no service, the image gets the record's, else the one asked for.
 */
export function decodeFlowRecord(value: Uint8Array, asked: Uint8Array): DecodedFlowRecord {
  if (value[RecordField.version] !== STATE_RECORD_VERSION)
    return foreign(value.byteLength === 0 ? 'length' : 'version');
  if (value.byteLength < RecordField.addresses) return foreign('length');
  const flags = value[RecordField.flags] as number;
  const kind = (flags >> KIND_SHIFT) & KIND;
  const state = (flags >> STATE_SHIFT) & STATE;
  if ((flags & RESERVED) !== 0 || kind > FULLNAT || state === 0) return foreign('nonsense');
  const clientBytes = (flags & CLIENT_IS_IPV6) !== 0 ? 16 : 4;
  const backendBytes = (flags & BACKEND_IS_IPV6) !== 0 ? 16 : 4;
  const backendAt = RecordField.addresses + clientBytes;
  const localAt = backendAt + backendBytes;
  if (value.byteLength !== localAt + (kind === FULLNAT ? clientBytes + 3 : 0)) return foreign('length');

  const isSameFlow =
    asked[Field.family] === (clientBytes === 16 ? 6 : 4) &&
    isEqual(value, RecordField.clientPort, asked, Field.clientPort, 2) &&
    isEqual(value, RecordField.addresses, asked, Field.client, clientBytes);
  if (!isSameFlow) return foreign('other_flow');
  const askedService = readService(asked);
  const serviceLow = readUint24(value, RecordField.service);
  const serviceHigh = kind === FULLNAT ? (value[value.byteLength - 1] as number) : undefined;
  if (askedService !== 0) {
    const isSameService =
      serviceLow === (askedService & 0xff_ffff) && (serviceHigh === undefined || serviceHigh === askedService >>> 24);
    if (!isSameService) return foreign('other_service');
  }

  // In Buffer's pool: memory of its own for each would cost more than all the rest.
  const pooled = Buffer.allocUnsafe(FLOW_IMAGE_BYTES).fill(0, Field.backend);
  const image = new Uint8Array(pooled.buffer, pooled.byteOffset, FLOW_IMAGE_BYTES);
  copy(asked, 0, Field.backend, image, 0);
  image[Field.state] = state;
  image[Field.kind] = kind | (backendBytes === 16 ? IMAGE_BACKEND_IS_IPV6 : 0);
  if (askedService === 0) pooled.writeUInt32LE((((serviceHigh ?? 0) << 24) | serviceLow) >>> 0, Field.service);
  copy(value, RecordField.backendPort, 2, image, Field.backendPort);
  copy(value, backendAt, backendBytes, image, Field.backend);
  if (kind === FULLNAT) {
    copy(value, localAt, clientBytes, image, Field.local);
    copy(value, localAt + clientBytes, 2, image, Field.localPort);
  } else {
    pooled.writeUInt16BE(0, Field.localPort);
  }
  return { ok: true, image, owner: readUint24(value, RecordField.owner) };
}

/** True: a record of this version, and that node serves its flow. */
export function isOwnedBy(value: Uint8Array, owner: number): boolean {
  return value[RecordField.version] === STATE_RECORD_VERSION && readUint24(value, RecordField.owner) === owner;
}

const foreign = (reason: ForeignReason) => ({ ok: false, reason }) as const;

function copy(from: Uint8Array, at: number, count: number, into: Uint8Array, to: number): number {
  for (let i = 0; i < count; i++) into[to + i] = from[at + i] as number;
  return to + count;
}

function isEqual(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

function readService(image: Uint8Array): number {
  const at = Field.service;
  const [a, b, c, d] = [image[at], image[at + 1], image[at + 2], image[at + 3]] as [number, number, number, number];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

function readUint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
