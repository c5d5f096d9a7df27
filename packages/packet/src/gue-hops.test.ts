import test from 'ava';
import fc from 'fast-check';
import { decodeGueHops, encodeGueHops, type GueHops, gueHopsBytes, gueHopsMax } from './gue-hops.js';
import { assertRoundTrip, bytesOf, bytesOfLength, hexOf } from './test-support/codec-laws.js';

const examples: readonly { readonly title: string; readonly hex: string; readonly header: GueHops }[] = [
  {
    title: 'an IPv4 packet with one IPv4 hop to try is as GLB writes it',
    hex: '02 04 0000 0000 00 01 0a030002',
    header: { family: 4, protocol: 4, nextHop: 0, hops: [bytesOf('0a030002')] },
  },
  {
    title: 'an IPv6 packet at the second of two IPv4 hops is as GLB writes it',
    hex: '03 29 0000 0000 01 02 0a030002 0a030003',
    header: { family: 4, protocol: 41, nextHop: 1, hops: [bytesOf('0a030002'), bytesOf('0a030003')] },
  },
  {
    title: 'a list of no hops is one word',
    hex: '01 04 0000 0000 00 00',
    header: { family: 4, protocol: 4, nextHop: 0, hops: [] },
  },
  {
    title: 'the next hop after the last says that none is left',
    hex: '02 04 0000 0000 01 01 0a030002',
    header: { family: 4, protocol: 4, nextHop: 1, hops: [bytesOf('0a030002')] },
  },
  {
    title: 'two IPv6 hops have a private type of their own, and four words each',
    hex: '09 29 0000 0001 00 02 fd000000000000000000000000000002 fd000000000000000000000000000003',
    header: {
      family: 6,
      protocol: 41,
      nextHop: 0,
      hops: [bytesOf('fd000000000000000000000000000002'), bytesOf('fd000000000000000000000000000003')],
    },
  },
];

for (const { title, hex, header } of examples) {
  test(title, (t) => {
    const bytes = new Uint8Array(gueHopsBytes(header));
    t.is(encodeGueHops(header, bytes), bytes.byteLength);
    t.is(hexOf(bytes), hex.replaceAll(' ', ''));
    t.deepEqual(decodeGueHops(bytes), { ok: true, header, payloadOffset: bytes.byteLength });
  });
}

for (const [title, hex, reason] of [
  ['GUE variant 1', '45 00 0028 0000 00 00', 'variant'],
  ['a control message', '22 04 0000 0000 00 01 0a030002', 'variant'],
  ['a payload that is no IP', '02 06 0000 0000 00 01 0a030002', 'protocol'],
  ['flags', '02 04 8000 0000 00 01 0a030002', 'flags'],
  ['a header without private data', '00 04 0000', 'hop_count'],
  ['an unknown private type', '02 04 0000 0002 00 01 0a030002', 'private_type'],
  ['hops beyond the header', '02 04 0000 0000 00 02 0a030002 0a030003', 'hop_count'],
  ['255 hops in a header of one', '02 04 0000 0000 00 ff 0a030002', 'hop_count'],
  ['words after the last hop', '03 04 0000 0000 00 01 0a030002 00000000', 'hop_count'],
  ['an IPv6 hop cut by the header', '04 29 0000 0001 00 01 fd0000000000000000000000', 'hop_count'],
  ['a next hop beyond the hops', '02 04 0000 0000 02 01 0a030002', 'next_hop'],
  ['a header longer than the packet', '02 04 0000 0000 00 01 0a0300', 'truncated'],
  ['three bytes', '02 04 00', 'truncated'],
] as const) {
  test(`${title} is refused as ${reason}`, (t) => {
    t.deepEqual(decodeGueHops(bytesOf(hex)), { ok: false, reason });
  });
}

const headers = fc.constantFrom(4 as const, 6 as const).chain((family) =>
  fc.array(bytesOfLength(family === 4 ? 4 : 16), { maxLength: gueHopsMax(family) }).chain((hops) =>
    fc.record({
      family: fc.constant(family),
      protocol: fc.constantFrom(4, 41),
      nextHop: fc.integer({ min: 0, max: hops.length }),
      hops: fc.constant(hops),
    }),
  ),
);

test('what encodeGueHops() writes, decodeGueHops() reads back', (t) => {
  assertRoundTrip(t, headers, {
    bytes: gueHopsBytes,
    encode: encodeGueHops,
    decode: (bytes, offset) => {
      const decoded = decodeGueHops(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('decodeGueHops() throws at nothing, and what it accepts is what encodeGueHops() writes', (t) => {
  const begins = fc.constantFrom('', '02040000', '0204000000000001', '0529000000010001').map(bytesOf);
  fc.assert(
    fc.property(begins, fc.uint8Array({ maxLength: 40 }), (begin, rest) => {
      const bytes = Uint8Array.of(...begin, ...rest);
      const decoded = decodeGueHops(bytes);
      if (!decoded.ok) return;
      const again = new Uint8Array(decoded.payloadOffset);
      encodeGueHops(decoded.header, again);
      t.deepEqual(again, bytes.subarray(0, decoded.payloadOffset));
    }),
    { seed: 20261121, numRuns: 2000 },
  );
});

test('hops that do not fit, of the other family, or a next hop beyond them are refused before they are sent', (t) => {
  const room = new Uint8Array(200);
  const hops = (count: number, byteLength: number) => Array.from({ length: count }, () => new Uint8Array(byteLength));
  const write = (family: 4 | 6, nextHop: number, list: readonly Uint8Array[]) => () =>
    encodeGueHops({ family, protocol: 4, nextHop, hops: list }, room);
  t.notThrows(write(4, 0, hops(30, 4)));
  t.throws(write(4, 0, hops(31, 4)), { message: /at most 30 hops of IPv4, not 31/ });
  t.throws(write(6, 0, hops(8, 16)), { message: /at most 7 hops of IPv6, not 8/ });
  t.throws(write(4, 0, hops(1, 16)), { message: /has 4 bytes, not 16/ });
  t.throws(write(4, 2, hops(1, 4)), { message: /0 to 1, not 2/ });
});
