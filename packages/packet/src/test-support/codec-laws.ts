import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { Decoded } from '../decoded.js';

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Some bytes of a fixed length. */
export const bytesOfLength = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Whole words of 4 bytes. */
export const words = (max: number) => fc.integer({ min: 0, max }).chain((count) => bytesOfLength(4 * count));
export const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });

const SEED = 20261121;

/** What encode writes at an offset decode reads back, and nothing before the offset is touched. */
export function assertRoundTrip<T>(
  t: ExecutionContext,
  headers: fc.Arbitrary<T>,
  codec: {
    readonly bytes: (header: T) => number;
    readonly encode: (header: T, bytes: Uint8Array, offset: number) => number;
    readonly decode: (bytes: Uint8Array, offset: number) => unknown;
  },
): void {
  fc.assert(
    fc.property(headers, uint(5), (header, offset) => {
      const bytes = new Uint8Array(offset + codec.bytes(header)).fill(0xa5);
      t.is(codec.encode(header, bytes, offset), bytes.byteLength);
      t.true(bytes.subarray(0, offset).every((byte) => byte === 0xa5));
      t.deepEqual(codec.decode(bytes, offset), header);
    }),
    { seed: SEED, numRuns: 200 },
  );
}

/** Arbitrary bytes, and every cut of good ones, are answered and never thrown at. */
export function assertHarmless(
  t: ExecutionContext,
  decode: (bytes: Uint8Array, offset: number) => Decoded<object>,
  good: Uint8Array,
): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 96 }), uint(7), (bytes, offset) => {
      const result = decode(bytes, offset);
      t.true(result.ok || result.reason === 'truncated' || result.reason === 'malformed');
    }),
    { seed: SEED, numRuns: 500 },
  );
  for (let length = 0; length < good.byteLength; length++) {
    t.deepEqual(decode(good.subarray(0, length), 0), { ok: false, reason: 'truncated' }, `${length} bytes`);
  }
  t.true(decode(good, 0).ok);
}
