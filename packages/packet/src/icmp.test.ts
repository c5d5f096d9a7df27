import test from 'ava';
import fc from 'fast-check';
import {
  decodeIcmp,
  echoOf,
  encodeIcmp,
  ICMP_BYTES,
  IcmpType,
  IcmpUnreachable,
  Icmpv6Type,
  icmpv6MtuOf,
  mtuOf,
  quotesPacket,
  setIcmpChecksum,
  setIcmpv6Checksum,
} from './icmp.js';
import { assertHarmless, assertRoundTrip, bytesOf, hexOf, uint } from './test-support/codec-laws.js';

test('an echo request is read, and its checksum computed as on the wire', (t) => {
  const echo = bytesOf('0800 f7fc 0001 0002');
  const decoded = decodeIcmp(echo);
  t.like(decoded, { ok: true, header: { type: IcmpType.echoRequest, code: 0 } });
  t.deepEqual(decoded.ok && echoOf(decoded.header), { identifier: 1, sequence: 2 });
  const bytes = echo.slice();
  setIcmpChecksum(bytes, 0);
  t.is(hexOf(bytes), hexOf(echo));
});

test('the MTU of both families is where their RFCs put it', (t) => {
  const needed = decodeIcmp(bytesOf('0304 0000 0000 0578'));
  t.like(needed, { ok: true, header: { code: IcmpUnreachable.fragmentationNeeded } });
  t.is(needed.ok && mtuOf(needed.header), 1400);
  const tooBig = decodeIcmp(bytesOf('0200 0000 0001 0000'));
  t.like(tooBig, { ok: true, header: { type: Icmpv6Type.packetTooBig } });
  t.is(tooBig.ok && icmpv6MtuOf(tooBig.header), 65536);
});

test('an ICMPv6 checksum covers the addresses', (t) => {
  const bytes = bytesOf('8000 0000 0001 0002');
  setIcmpv6Checksum(bytes, 0, bytesOf('00000000000000000000000000000001'), bytesOf('00000000000000000000000000000001'));
  // 8000 + 1 + 2 + (1 + 1 + 58 + 8) = 8047
  t.is(hexOf(bytes), '80007fb800010002');
});

test('errors quote a packet, echoes and neighbour discovery do not', (t) => {
  t.true(quotesPacket(4, IcmpType.unreachable));
  t.true(quotesPacket(4, IcmpType.timeExceeded));
  t.false(quotesPacket(4, IcmpType.echoReply));
  t.true(quotesPacket(6, Icmpv6Type.packetTooBig));
  t.false(quotesPacket(6, Icmpv6Type.neighbourSolicitation));
});

test('what encodeIcmp() writes, decodeIcmp() reads back', (t) => {
  const header = fc.record({ type: uint(8), code: uint(8), checksum: uint(16), rest: uint(32) });
  assertRoundTrip(t, header, {
    bytes: () => ICMP_BYTES,
    encode: encodeIcmp,
    decode: (bytes, offset) => {
      const decoded = decodeIcmp(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('decodeIcmp() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeIcmp, bytesOf('0800 f7fc 0001 0002'));
});
