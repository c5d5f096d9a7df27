import test from 'ava';
import fc from 'fast-check';
import { rowRanksModule } from './row-ranks-module.js';
import { siphashBlocks } from './siphash-blocks.js';
import { referenceHash } from './test-support/reference-choices.js';

/** The low 32 bits, by the module that ranks members. */
function hashLow(key: Uint8Array, message: Uint8Array): number {
  const module = rowRanksModule();
  const from = module.scratch.value + 16;
  const blocks = siphashBlocks(message);
  const memory = new Uint8Array(module.memory.buffer);
  memory.set(key, module.scratch.value);
  memory.set(blocks, from);
  return module.hashLow(from, from + blocks.byteLength - 16) >>> 0;
}

const upTo = (count: number) => Uint8Array.from({ length: count }, (_, index) => index);

test("the paper's example, appendix A: key 00 to 0f, message 00 to 0e, is a129ca6149be45e5", (t) => {
  t.is(hashLow(upTo(16), upTo(15)), 0x49be45e5);
  t.is(referenceHash(upTo(16), upTo(15)).readBigUInt64LE(), 0xa129ca6149be45e5n);
});

// From the vectors that Aumasson and Bernstein publish with their reference implementation: 8 bytes, the low half first.
for (const [length, bytes] of [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [9, 'b0e4a90bdf82009e'],
] as const) {
  test(`the authors' vector of ${length} bytes is the hash's`, (t) => {
    t.is(hashLow(upTo(16), upTo(length)), Buffer.from(bytes, 'hex').readUInt32LE());
  });
}

test("any key and message is hashed as by another's implementation", (t) => {
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(key, fc.uint8Array({ maxLength: 39 }), (bytes, message) => {
      t.is(hashLow(bytes, message), referenceHash(bytes, message).readUInt32LE());
    }),
    { seed: 20261121, numRuns: 500 },
  );
});
