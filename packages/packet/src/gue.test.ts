import test from 'ava';
import fc from 'fast-check';
import { decodeGue, encodeGue, gueBytes } from './gue.js';
import { assertHarmless, assertRoundTrip, bytesOf, uint, words } from './test-support/codec-laws.js';

test('variant 0 is read with its optional words', (t) => {
  t.deepEqual(decodeGue(bytesOf('01 04 0000 0a00000b')), {
    ok: true,
    packet: {
      variant: 0,
      header: { control: false, protocol: 4, flags: 0, optional: bytesOf('0a00000b') },
      protocol: 4,
      payloadOffset: 8,
    },
  });
});

test('variant 1 is IP itself, of the version that its first bits say', (t) => {
  t.deepEqual(decodeGue(bytesOf('45000028')), { ok: true, packet: { variant: 1, protocol: 4, payloadOffset: 0 } });
  t.deepEqual(decodeGue(bytesOf('60000000')), { ok: true, packet: { variant: 1, protocol: 41, payloadOffset: 0 } });
});

test('what encodeGue() writes, decodeGue() reads back', (t) => {
  const header = fc.record({ control: fc.boolean(), protocol: uint(8), flags: uint(16), optional: words(31) });
  assertRoundTrip(t, header, {
    bytes: gueBytes,
    encode: encodeGue,
    decode: (bytes, offset) => {
      const decoded = decodeGue(bytes, offset);
      return decoded.ok && decoded.packet.variant === 0 ? decoded.packet.header : decoded;
    },
  });
});

for (const [title, hex] of [
  ['variant 2', '80000000'],
  ['variant 3', 'c0000000'],
  ['variant 1 with IP version 5', '50000000'],
] as const) {
  test(`${title} is malformed`, (t) => {
    t.deepEqual(decodeGue(bytesOf(hex)), { ok: false, reason: 'malformed' });
  });
}

test('optional bytes that are no words, or too many, are refused', (t) => {
  const header = { control: false, protocol: 4, flags: 0 };
  t.throws(() => encodeGue({ ...header, optional: new Uint8Array(3) }, new Uint8Array(200)), { message: /not 3/ });
  t.throws(() => encodeGue({ ...header, optional: new Uint8Array(128) }, new Uint8Array(200)), { message: /not 128/ });
});

test('decodeGue() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeGue, bytesOf('02 04 0000 0a00000b 0a00000c'));
});
