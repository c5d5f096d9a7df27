import test from 'ava';
import fc from 'fast-check';
import {
  decodeTcp,
  encodeTcp,
  maximumSegmentSize,
  maximumSegmentSizeOption,
  setTcpChecksum,
  TcpFlag,
  tcpBytes,
} from './tcp.js';
import { assertHarmless, assertRoundTrip, bytesOf, hexOf, uint, words } from './test-support/codec-laws.js';

/** As scapy writes it, between 192.0.2.10 and 198.51.100.10. */
const syn = bytesOf('04d20050000000010000000050022000 9e770000');

test('a SYN of scapy is read, and its checksum computed the same', (t) => {
  const decoded = decodeTcp(syn);
  t.like(decoded, {
    ok: true,
    payloadOffset: 20,
    header: { sourcePort: 1234, destinationPort: 80, sequence: 1, flags: TcpFlag.syn, window: 8192 },
  });
  const bytes = syn.slice();
  bytes.fill(0, 16, 18);
  setTcpChecksum(bytes, 0, bytesOf('c000020a'), bytesOf('c633640a'));
  t.is(hexOf(bytes), hexOf(syn));
});

test('what encodeTcp() writes, decodeTcp() reads back', (t) => {
  const header = fc.record({
    sourcePort: uint(16),
    destinationPort: uint(16),
    sequence: uint(32),
    acknowledgment: uint(32),
    flags: uint(8),
    window: uint(16),
    checksum: uint(16),
    urgentPointer: uint(16),
    options: words(10),
  });
  assertRoundTrip(t, header, {
    bytes: tcpBytes,
    encode: encodeTcp,
    decode: (bytes, offset) => {
      const decoded = decodeTcp(bytes, offset);
      return decoded.ok ? decoded.header : decoded;
    },
  });
});

test('the MSS is found behind other options, and nonsense has none', (t) => {
  t.is(maximumSegmentSize(bytesOf('0101 0402 020405b4')), 1460);
  t.is(maximumSegmentSize(maximumSegmentSizeOption(1408)), 1408);
  t.is(maximumSegmentSize(bytesOf('00 020405b4')), undefined);
  t.is(maximumSegmentSize(bytesOf('0800')), undefined);
  t.is(maximumSegmentSize(bytesOf('02')), undefined);
});

test('a data offset below 5 is malformed', (t) => {
  const bytes = syn.slice();
  bytes[12] = 0x40;
  t.deepEqual(decodeTcp(bytes), { ok: false, reason: 'malformed' });
});

test('options that the data offset cannot tell are refused', (t) => {
  const decoded = decodeTcp(syn);
  if (!decoded.ok) return t.fail(decoded.reason);
  for (const length of [3, 44]) {
    const header = { ...decoded.header, options: new Uint8Array(length) };
    t.throws(() => encodeTcp(header, new Uint8Array(100)), { message: /0 to 40 bytes, in words of 4/ });
  }
});

test('decodeTcp() throws at nothing, and calls each cut truncated', (t) => {
  assertHarmless(t, decodeTcp, bytesOf('04d20050000000010000000060022000 9e770000 020405b4'));
});
