import { FLOW_IMAGE_BYTES, FlowImageField } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { ANSWER_RECORD_BYTES_MAX, clientIdOfAnswer, decodeAnsweredFlow, encodeAnswerRecord } from './answer-record.js';
import { FLOW_ID_BYTES, FlowIds } from './flow-id.js';
import { encodeFlowRecord, FLOW_RECORD_BYTES_MAX } from './flow-record.js';
import { sampleImages } from './test-support/index.js';

const ids = new FlowIds(Buffer.alloc(16, 7));

/** A flow's image, its two records, and what a node knows that asks by an answer. */
function told(n: number, family: 4 | 6 = 4, kind: 'fullnat' | 'nat' = 'fullnat') {
  const image = sampleImages(1, kind, family, n);
  const record = Buffer.alloc(FLOW_RECORD_BYTES_MAX);
  const recordBytes = encodeFlowRecord(image, 0, 1, record, 0);
  const id = Buffer.alloc(FLOW_ID_BYTES + ANSWER_RECORD_BYTES_MAX);
  ids.writeClientId(image, 0, id, 0);
  const answerBytes = encodeAnswerRecord(image, 0, 0, id, FLOW_ID_BYTES);
  const asked = image.slice();
  const { state, backendPort, vipPort, clientPort, client, backend } = FlowImageField;
  asked.fill(0, state, clientPort);
  asked.fill(0, clientPort, vipPort + 2);
  asked.fill(0, client, backend);
  asked.set(image.subarray(backendPort, backendPort + 2), backendPort);
  return {
    image,
    record: record.subarray(0, recordBytes),
    answer: id.subarray(FLOW_ID_BYTES, FLOW_ID_BYTES + answerBytes),
    id: id.subarray(0, FLOW_ID_BYTES),
    asked,
  };
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: an answer's record leads to the flow's, and both together make the whole image`, (t) => {
    const { image, record, answer, id, asked } = told(5, family);
    t.is(answer.byteLength, family === 6 ? 28 : 16);
    t.deepEqual(Buffer.from(clientIdOfAnswer(answer, asked) ?? []), id);
    const decoded = decodeAnsweredFlow(record, answer, asked, ids);
    t.deepEqual(decoded.ok && Buffer.from(decoded.image), Buffer.from(image));
  });
}

test("another version, another family's length, or a byte too few is no answer's record", (t) => {
  const { answer, asked } = told(5);
  const older = Buffer.from(answer);
  older[0] = 0;
  t.is(clientIdOfAnswer(older, asked), undefined);
  t.is(clientIdOfAnswer(told(5, 6).answer, asked), undefined);
  t.is(clientIdOfAnswer(answer.subarray(1), asked), undefined);
  t.is(clientIdOfAnswer(Buffer.alloc(0), asked), undefined);
});

test("another flow's record, a flow of nat, or half a record under the id makes no flow", (t) => {
  const { record, answer, asked } = told(5);
  t.deepEqual(decodeAnsweredFlow(told(6).record, answer, asked, ids), { ok: false, reason: 'other_flow' });
  t.deepEqual(decodeAnsweredFlow(told(5, 4, 'nat').record, answer, asked, ids), { ok: false, reason: 'other_flow' });
  t.false(decodeAnsweredFlow(record.subarray(0, 13), answer, asked, ids).ok);
});

test('an answer record with another VIP than the flow has makes no flow', (t) => {
  const { record, answer, asked } = told(5);
  answer[answer.byteLength - 1] = 99;
  t.deepEqual(decodeAnsweredFlow(record, answer, asked, ids), { ok: false, reason: 'other_flow' });
});

test('a record in which backend or local address are not those of the answer makes no flow', (t) => {
  const { backend, backendPort, local, localPort } = FlowImageField;
  for (const field of [backend, backendPort, local, localPort]) {
    const { record, answer, asked } = told(5);
    asked[field] = (asked[field] as number) ^ 1;
    t.deepEqual(decodeAnsweredFlow(record, answer, asked, ids), { ok: false, reason: 'other_flow' }, `field ${field}`);
  }
});

test('arbitrary bytes in either record throw nothing and make no flow', (t) => {
  const bytes = fc.uint8Array({ maxLength: 70 });
  const property = fc.property(bytes, bytes, fc.nat(100), (value, answer, n) => {
    const { record, answer: own, asked } = told(n);
    if (value.byteLength > 0) value[0] = 1;
    if (answer.byteLength > 0) answer[0] = 1;
    clientIdOfAnswer(answer, asked);
    const isMade =
      decodeAnsweredFlow(value, own, asked, ids).ok ||
      (answer.byteLength === own.byteLength && decodeAnsweredFlow(record, answer, asked, ids).ok);
    return !isMade && asked.byteLength === FLOW_IMAGE_BYTES;
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});
