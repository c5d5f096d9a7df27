import test from 'ava';
import fc from 'fast-check';
import {
  internetChecksum,
  onesComplementSum,
  updatedChecksum,
  updatedChecksum32,
  updatedChecksumOfBytes,
} from './checksum.js';
import { bytesOf, bytesOfLength, uint } from './test-support/codec-laws.js';

test('the sum of RFC 1071, section 3, is ddf2', (t) => {
  t.is(onesComplementSum(bytesOf('0001 f203 f4f5 f6f7')), 0xddf2);
  t.is(internetChecksum(bytesOf('0001 f203 f4f5 f6f7')), 0x220d);
});

test('an odd last byte is the high byte of a word', (t) => {
  t.is(onesComplementSum(bytesOf('0001 f2')), 0xf201);
});

test('the example of RFC 1624, section 4, gives 0000 and not ffff', (t) => {
  t.is(updatedChecksum(0xdd2f, 0x5555, 0x3285), 0x0000);
});

test('an updated checksum is the one that is computed anew', (t) => {
  fc.assert(
    fc.property(bytesOfLength(20), uint(16), fc.integer({ min: 0, max: 8 }), (bytes, word, at) => {
      // All zero is the one content that has two sums; no header is all zero.
      bytes[19] = 1;
      const before = internetChecksum(bytes);
      const view = new DataView(bytes.buffer);
      const old = view.getUint16(2 * at);
      view.setUint16(2 * at, word);
      t.is(updatedChecksum(before, old, word), internetChecksum(bytes));
    }),
    { seed: 1 },
  );
});

test('a word of 32 bits that changes updates the checksum as its halves do', (t) => {
  fc.assert(
    fc.property(bytesOfLength(20), uint(32), (bytes, word) => {
      bytes[0] = 0x45;
      const before = internetChecksum(bytes);
      const view = new DataView(bytes.buffer);
      const old = view.getUint32(4);
      view.setUint32(4, word);
      t.is(updatedChecksum32(before, old, word), internetChecksum(bytes));
    }),
    { seed: 1 },
  );
});

test('an address that changes updates the checksum as its words do', (t) => {
  fc.assert(
    fc.property(bytesOfLength(20), bytesOfLength(4), (bytes, address) => {
      bytes[0] = 0x45;
      const before = internetChecksum(bytes);
      const old = bytes.slice(12, 16);
      bytes.set(address, 12);
      t.is(updatedChecksumOfBytes(before, old, address), internetChecksum(bytes));
    }),
    { seed: 1 },
  );
});
