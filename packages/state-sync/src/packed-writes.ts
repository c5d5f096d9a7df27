import { FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';
import { ANSWER_RECORD_BYTES_MAX, encodeAnswerRecord } from './answer-record.js';
import { FLOW_ID_BYTES, type FlowIds } from './flow-id.js';
import { encodeFlowRecord, FLOW_RECORD_BYTES_MAX, isFullnat } from './flow-record.js';

/**
 * Values to write, one after another, in one piece: a script in Redis takes it apart, so that a flow costs Node nothing
 * but its bytes.
 *
 *     0        1        2                             11
 *     +--------+--------+--------+-----  ...  --------+-----  ...  -----+
 *     |  state | length |         id (9)              |     value       |
 *     +--------+--------+--------+-----  ...  --------+-----  ...  -----+
 *
 * `state` chooses the TTL.
 */
export const PackedWrite = { state: 0, length: 1, id: 2, value: 2 + FLOW_ID_BYTES } as const;

/** Flows that are over: `1` or `2` for the ids that follow, of the client and of the answers; the room for both is there. */
export const PackedEnd = { ids: 0, clientId: 1, answerId: 1 + FLOW_ID_BYTES, bytes: 1 + 2 * FLOW_ID_BYTES } as const;

const BYTES_PER_FLOW_MAX = 2 * PackedWrite.value + FLOW_RECORD_BYTES_MAX + ANSWER_RECORD_BYTES_MAX;

/** Writes of all flows whose images these are; two of one of fullnat. */
export function packWrites(images: Uint8Array, owner: number, ids: FlowIds): Buffer {
  const packed = Buffer.allocUnsafe((images.byteLength / FLOW_IMAGE_BYTES) * BYTES_PER_FLOW_MAX);
  let end = 0;
  for (let at = 0; at < images.byteLength; at += FLOW_IMAGE_BYTES) {
    const state = images[at + Field.state] as number;
    const clientId = end + PackedWrite.id;
    ids.writeClientId(images, at, packed, clientId);
    const recordBytes = encodeFlowRecord(images, at, owner, packed, end + PackedWrite.value);
    packed[end + PackedWrite.state] = state;
    packed[end + PackedWrite.length] = recordBytes;
    end += PackedWrite.value + recordBytes;
    if (!isFullnat(images, at)) continue;

    ids.writeAnswerId(images, at, packed, end + PackedWrite.id);
    const answerBytes = encodeAnswerRecord(images, at, clientId, packed, end + PackedWrite.value);
    packed[end + PackedWrite.state] = state;
    packed[end + PackedWrite.length] = answerBytes;
    end += PackedWrite.value + answerBytes;
  }
  return packed.subarray(0, end);
}

/** Calls `each` for every write. */
export function eachWrite(packed: Buffer, each: (id: Buffer, value: Buffer, state: number) => void): void {
  for (let at = 0; at < packed.byteLength; ) {
    const value = at + PackedWrite.value;
    const end = value + (packed[at + PackedWrite.length] as number);
    each(packed.subarray(at + PackedWrite.id, value), packed.subarray(value, end), packed[at] as number);
    at = end;
  }
}

/** Ends of all flows whose images these are. */
export function packEnds(images: Uint8Array, ids: FlowIds): Buffer {
  const packed = Buffer.alloc((images.byteLength / FLOW_IMAGE_BYTES) * PackedEnd.bytes);
  let to = 0;
  for (let at = 0; at < images.byteLength; at += FLOW_IMAGE_BYTES, to += PackedEnd.bytes) {
    const hasAnswers = isFullnat(images, at);
    packed[to] = hasAnswers ? 2 : 1;
    ids.writeClientId(images, at, packed, to + PackedEnd.clientId);
    if (hasAnswers) ids.writeAnswerId(images, at, packed, to + PackedEnd.answerId);
  }
  return packed;
}

/** Calls `each` for every flow that is over; without an id of its answers where only fullnat has one. */
export function eachEnd(packed: Buffer, each: (clientId: Buffer, answerId: Buffer | undefined) => void): void {
  for (let at = 0; at < packed.byteLength; at += PackedEnd.bytes) {
    const answerId = packed.subarray(at + PackedEnd.answerId, at + PackedEnd.bytes);
    each(packed.subarray(at + PackedEnd.clientId, at + PackedEnd.answerId), packed[at] === 2 ? answerId : undefined);
  }
}
