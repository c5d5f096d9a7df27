import test from 'ava';
import { decodeIcmp, echoOf } from './icmp.js';
import { Icmpv6Type, icmpv6MtuOf, isIcmpv6Error, setIcmpv6Checksum } from './icmpv6.js';
import { bytesOf, hexOf } from './test-support/codec-laws.js';

test('an echo request is read like that of ICMP', (t) => {
  const decoded = decodeIcmp(bytesOf('8000 7fb8 0001 0002'));
  t.like(decoded, { ok: true, header: { type: Icmpv6Type.echoRequest, code: 0 } });
  t.deepEqual(decoded.ok && echoOf(decoded.header), { identifier: 1, sequence: 2 });
});

test('the MTU of "packet too big" has the whole last word', (t) => {
  const tooBig = decodeIcmp(bytesOf('0200 0000 0001 0000'));
  t.like(tooBig, { ok: true, header: { type: Icmpv6Type.packetTooBig } });
  t.is(tooBig.ok && icmpv6MtuOf(tooBig.header), 65536);
});

test('the checksum covers the addresses', (t) => {
  const bytes = bytesOf('8000 0000 0001 0002');
  const loopback = bytesOf('00000000000000000000000000000001');
  setIcmpv6Checksum(bytes, 0, loopback, loopback);
  // 8000 + 1 + 2 + (1 + 1 + 58 + 8) = 8047
  t.is(hexOf(bytes), '80007fb800010002');
});

test('errors quote a packet, echoes and neighbour discovery do not', (t) => {
  t.true(isIcmpv6Error(Icmpv6Type.unreachable));
  t.true(isIcmpv6Error(Icmpv6Type.packetTooBig));
  t.false(isIcmpv6Error(Icmpv6Type.echoRequest));
  t.false(isIcmpv6Error(Icmpv6Type.neighbourSolicitation));
});
