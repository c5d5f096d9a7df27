import { FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';
import { FLOW_ID_BYTES, type FlowIds } from './flow-id.js';
import {
  type DecodedFlowRecord,
  decodeFlowRecord,
  isFullnat,
  RecordField,
  STATE_RECORD_VERSION,
} from './flow-record.js';

/**
 * What the store holds of a flow of fullnat under the id of its answers: where its record is, and what that lacks.
 *
 *     0        1                    10                12
 *     +--------+-----  ...  --------+--------+--------+-----  ...  -----+
 *     | version|  id of the client  |    VIP's port   |   VIP (4, 16)   |
 *     +--------+-----  ...  --------+--------+--------+-----  ...  -----+
 */
const AnswerField = { version: 0, clientId: 1, vipPort: 1 + FLOW_ID_BYTES, vip: 3 + FLOW_ID_BYTES } as const;

export const ANSWER_RECORD_BYTES_MAX = AnswerField.vip + 16;

/**
 * Writes what answers to the flow at `at` are found by to `into` at `to`, and returns its length.
 *
 * @param clientId  where in `into` the id of the flow's record is
 */
export function encodeAnswerRecord(
  images: Uint8Array,
  at: number,
  clientId: number,
  into: Uint8Array,
  to: number,
): number {
  const vipBytes = images[at + Field.family] === 6 ? 16 : 4;
  into[to] = STATE_RECORD_VERSION;
  into.copyWithin(to + AnswerField.clientId, clientId, clientId + FLOW_ID_BYTES);
  for (let i = 0; i < 2; i++) into[to + AnswerField.vipPort + i] = images[at + Field.vipPort + i] as number;
  for (let i = 0; i < vipBytes; i++) into[to + AnswerField.vip + i] = images[at + Field.vip + i] as number;
  return AnswerField.vip + vipBytes;
}

/** The id of the record that an answer's record points to; undefined: this is no record of an answer of that family. */
export function clientIdOfAnswer(value: Uint8Array, asked: Uint8Array): Uint8Array | undefined {
  const vipBytes = asked[Field.family] === 6 ? 16 : 4;
  if (value[AnswerField.version] !== STATE_RECORD_VERSION || value.byteLength !== AnswerField.vip + vipBytes) return;
  return value.slice(AnswerField.clientId, AnswerField.vipPort);
}

/** True: this answer's record is of the flow whose record has that id. */
export function pointsTo(value: Uint8Array, clientId: Uint8Array): boolean {
  return Buffer.compare(value.subarray(AnswerField.clientId, AnswerField.vipPort), clientId) === 0;
}

/**
 * The flow that the answer's image `asked` (family, protocol, backend, local address) belongs to. The VIP is the answer
 * record's and the client the flow record's: their id has to be the one under which the flow's record was found.
 *
 * @param answer  for which {@link clientIdOfAnswer} found an id
 * @param value   what was found under that id
 */
export function decodeAnsweredFlow(
  value: Uint8Array,
  answer: Uint8Array,
  asked: Uint8Array,
  ids: FlowIds,
): DecodedFlowRecord {
  const addressBytes = asked[Field.family] === 6 ? 16 : 4;
  const tuple = new Uint8Array(FLOW_IMAGE_BYTES);
  tuple[Field.family] = asked[Field.family] as number;
  tuple[Field.protocol] = asked[Field.protocol] as number;
  tuple.set(answer.subarray(AnswerField.vipPort, AnswerField.vip), Field.vipPort);
  tuple.set(answer.subarray(AnswerField.vip, AnswerField.vip + addressBytes), Field.vip);
  // Too short a value leaves zeros here, and is refused below.
  tuple.set(value.subarray(RecordField.clientPort, RecordField.clientPort + 2), Field.clientPort);
  tuple.set(value.subarray(RecordField.addresses, RecordField.addresses + addressBytes), Field.client);

  const decoded = decodeFlowRecord(value, tuple);
  if (!decoded.ok) return decoded;
  const { image } = decoded;
  const id = Buffer.alloc(FLOW_ID_BYTES);
  ids.writeClientId(image, 0, id, 0);
  const isAnswered =
    isFullnat(image, 0) &&
    pointsTo(answer, id) &&
    [Field.backendPort, Field.localPort].every((port) => isEqual(image, asked, port, 2)) &&
    [Field.backend, Field.local].every((address) => isEqual(image, asked, address, addressBytes));
  return isAnswered ? decoded : { ok: false, reason: 'other_flow' };
}

function isEqual(a: Uint8Array, b: Uint8Array, at: number, count: number): boolean {
  return Buffer.compare(a.subarray(at, at + count), b.subarray(at, at + count)) === 0;
}
