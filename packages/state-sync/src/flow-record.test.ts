import { decodeFlowImage, encodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage, FlowImageField } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { decodeFlowRecord, encodeFlowRecord, FLOW_RECORD_BYTES_MAX } from './flow-record.js';
import { arbitraryFlow } from './test-support/arbitrary-flow.js';
import { imagesOf, sampleFlow } from './test-support/index.js';

const OWNER = 0xabcdef;

function recordOf(flow: FlowImage): Buffer {
  const record = Buffer.alloc(FLOW_RECORD_BYTES_MAX);
  return record.subarray(0, encodeFlowRecord(imagesOf([flow]), 0, OWNER, record, 0));
}

/** What a node knows that asks: the client's tuple and the service. */
function askedOf(flow: FlowImage): Uint8Array {
  const asked = imagesOf([flow]);
  asked.fill(0, FlowImageField.state, FlowImageField.service);
  asked.fill(0, FlowImageField.backendPort, FlowImageField.client);
  asked.fill(0, FlowImageField.backend);
  return asked;
}

const plain: FlowImage = {
  protocol: 6,
  state: 'established',
  kind: 'plain',
  service: 0x12345678,
  client: { address: Uint8Array.of(192, 0, 2, 1), port: 0x1234 },
  vip: { address: Uint8Array.of(198, 51, 100, 1), port: 443 },
  backend: { address: Uint8Array.of(10, 0, 0, 7), port: 0x1f90 },
};
const fullnat: FlowImage = {
  ...plain,
  kind: 'fullnat',
  state: 'fin_by_server',
  local: { address: Uint8Array.of(10, 9, 9, 9), port: 0x8001 },
};

test('the record of a plain flow is what docstring and README draw', (t) => {
  t.is(recordOf(plain).toString('hex'), '0120345678abcdef12341f90c00002010a000007');
});

test('the record of a fullnat flow ends with its local address and the rest of the service number', (t) => {
  t.is(recordOf(fullnat).toString('hex'), '0148345678abcdef12341f90c00002010a0000070a090909800112');
});

test('records are as long as their table says', (t) => {
  const bytes = (kind: 'plain' | 'fullnat', family: 4 | 6) => recordOf(sampleFlow(1, kind, family)).byteLength;
  t.deepEqual([bytes('plain', 4), bytes('plain', 6), bytes('fullnat', 4), bytes('fullnat', 6)], [20, 44, 27, 63]);
});

test('what is written of any flow is read back, with its owner', (t) => {
  const property = fc.property(arbitraryFlow, (flow) => {
    const decoded = decodeFlowRecord(recordOf(flow), askedOf(flow));
    return decoded.ok && decoded.owner === OWNER && Buffer.compare(decoded.image, imagesOf([flow])) === 0;
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});

test('of arbitrary bytes, nothing is thrown and no flow but the one asked for is made', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 80 }), arbitraryFlow, (bytes, flow) => {
    // Most would fail at the first byte.
    if (bytes.byteLength > 0) bytes[0] = 1;
    const decoded = decodeFlowRecord(bytes, askedOf(flow));
    return (
      !decoded.ok ||
      Buffer.compare(
        decoded.image.subarray(FlowImageField.client, FlowImageField.backend),
        imagesOf([flow]).subarray(FlowImageField.client, FlowImageField.backend),
      ) === 0
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 10_000 }));
});

test('of a record with any one byte changed, a flow is made only of what the byte says', (t) => {
  const property = fc.property(arbitraryFlow, fc.nat(), fc.integer({ min: 1, max: 255 }), (flow, position, change) => {
    const record = recordOf(flow);
    const at = position % record.byteLength;
    record[at] = (record[at] as number) ^ change;
    const decoded = decodeFlowRecord(record, askedOf(flow));
    if (!decoded.ok) return true;
    const client = decodeFlowImage(decoded.image)?.client;
    return at !== 0 && !(at >= 2 && at < 5) && client?.port === flow.client.port;
  });
  t.notThrows(() => fc.assert(property, { numRuns: 5_000 }));
});

const refuses = test.macro({
  exec(t, spoil: (record: Buffer, asked: Uint8Array) => Uint8Array, reason: string, flow: FlowImage = plain) {
    const record = recordOf(flow);
    const asked = askedOf(flow);
    t.deepEqual(decodeFlowRecord(spoil(record, asked), asked), { ok: false, reason } as never);
  },
  title: (given) => `refused: ${given}`,
});
const set = (at: number, value: number) => (record: Buffer) => {
  record[at] = value;
  return record;
};

test('nothing at all', refuses, () => Buffer.alloc(0), 'length');
test('an older version', refuses, set(0, 0), 'version');
test('a newer version', refuses, set(0, 2), 'version');
test('text', refuses, () => Buffer.from('hello'), 'version');
test('a record that is cut in its header', refuses, (record: Buffer) => record.subarray(0, 11), 'length');
test('a record that is cut in an address', refuses, (record: Buffer) => record.subarray(0, 19), 'length');
test('a record with a byte too many', refuses, (record: Buffer) => Buffer.concat([record, Buffer.of(0)]), 'length');
test(
  'a fullnat record without its local address',
  refuses,
  (record: Buffer) => record.subarray(0, 20),
  'length',
  fullnat,
);
test('a kind that there is not', refuses, set(1, 0x2c), 'nonsense');
test('a state that there is not', refuses, set(1, 0x00), 'nonsense');
test('a flag that there is not', refuses, set(1, 0xa0), 'nonsense');
test("another service's low bits", refuses, set(4, 0x79), 'other_service');
test("another fullnat service's high bits", refuses, set(26, 0x13), 'other_service', fullnat);
test("another client's port", refuses, set(9, 0x35), 'other_flow');
test("another client's address", refuses, set(15, 2), 'other_flow');
test(
  'a client of the other family',
  refuses,
  () =>
    recordOf({
      ...plain,
      client: { address: new Uint8Array(16), port: 0x1234 },
      vip: { address: new Uint8Array(16), port: 443 },
    }),
  'other_flow',
);

test('a plain flow may have a backend of the other family', (t) => {
  const flow: FlowImage = { ...plain, backend: { address: Uint8Array.from({ length: 16 }, (_, i) => i), port: 0 } };
  const decoded = decodeFlowRecord(recordOf(flow), askedOf(flow));
  t.deepEqual(decoded.ok && decodeFlowImage(decoded.image), flow);
});

test('asked without a service, a fullnat flow comes with all 32 bits of its own', (t) => {
  const asked = askedOf({ ...fullnat, service: 0 });
  const decoded = decodeFlowRecord(recordOf(fullnat), asked);
  t.is(decoded.ok && decodeFlowImage(decoded.image)?.service, 0x12345678);
});

test('an image is encoded wherever it stands among others', (t) => {
  const images = new Uint8Array(2 * FLOW_IMAGE_BYTES);
  encodeFlowImage(plain, images, FLOW_IMAGE_BYTES);
  const record = Buffer.alloc(40);
  t.is(encodeFlowRecord(images, FLOW_IMAGE_BYTES, OWNER, record, 7), 20);
  t.deepEqual(record.subarray(7, 27), recordOf(plain));
});
