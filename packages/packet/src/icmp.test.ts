import test from 'ava';
import fc from 'fast-check';
import {
  decodeIcmp,
  echoOf,
  encodeIcmp,
  ICMP_BYTES,
  IcmpType,
  IcmpUnreachable,
  isIcmpError,
  mtuOf,
  setIcmpChecksum,
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

test('the MTU of "fragmentation needed" is in the lower half of the last word', (t) => {
  const needed = decodeIcmp(bytesOf('0304 0000 0000 0578'));
  t.like(needed, { ok: true, header: { type: IcmpType.unreachable, code: IcmpUnreachable.fragmentationNeeded } });
  t.is(needed.ok && mtuOf(needed.header), 1400);
});

test('errors quote a packet, echoes and redirects are none', (t) => {
  const errors = Array.from({ length: 256 }, (_, type) => type).filter(isIcmpError);
  t.deepEqual(errors, [IcmpType.unreachable, IcmpType.timeExceeded, IcmpType.parameterProblem]);
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
