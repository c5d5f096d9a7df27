import test from 'ava';
import fc from 'fast-check';
import { sampleImages } from './test-support/index.js';
import { decodeYieldMessage, encodeYieldMessage, yieldChannel } from './yield-message.js';

const secret = Buffer.alloc(16, 7);
const OWNER = 0x00beef;

test('a message brings its images to the owner whose channel names it', (t) => {
  const images = sampleImages(3, 'fullnat', 6);
  t.deepEqual(
    Buffer.from(decodeYieldMessage(encodeYieldMessage(images, OWNER, secret), OWNER, secret) ?? []),
    Buffer.from(images),
  );
  t.is(yieldChannel(OWNER), 'yield:00beef');
});

const refuses = test.macro({
  exec(t, spoil: (message: Buffer) => Buffer) {
    t.is(decodeYieldMessage(spoil(encodeYieldMessage(sampleImages(2), OWNER, secret)), OWNER, secret), undefined);
  },
  title: (given) => `no node forgets a flow for ${given}`,
});

test('another version', refuses, (message) => Buffer.concat([Buffer.of(2), message.subarray(1)]));
test('a message without images', refuses, (message) => message.subarray(0, 9));
test('half a message', refuses, (message) => message.subarray(0, 100));
test("another cluster's message", refuses, () => encodeYieldMessage(sampleImages(2), OWNER, Buffer.alloc(16, 8)));
test("another node's message", refuses, () => encodeYieldMessage(sampleImages(2), OWNER + 1, secret));
test('a message in which one bit was turned', refuses, (message) => {
  message[50] = (message[50] as number) ^ 1;
  return message;
});

test('no node forgets a flow for arbitrary bytes', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    if (bytes.byteLength > 0) bytes[0] = 1;
    return decodeYieldMessage(bytes, OWNER, secret) === undefined;
  });
  t.notThrows(() => fc.assert(property));
});
