import test from 'ava';
import { fiveTupleOf, fiveTupleOfFrame, quotedFiveTuple } from './five-tuple.js';
import { assertHarmless, bytesOf } from './test-support/codec-laws.js';

const tcp = '04d200500000000100000000500220009e770000';
const syn4 = bytesOf(`452a00280007000040068e57c000020ac633640a${tcp}`);
const syn6 = bytesOf(`62a000000014064020010db8000c0000000000000000001020010db8010000000000000000000010${tcp}`);
const tuple4 = {
  protocol: 6,
  source: '192.0.2.10',
  destination: '198.51.100.10',
  sourcePort: 1234,
  destinationPort: 80,
};

test('both families give their canonical addresses and ports', (t) => {
  t.deepEqual(fiveTupleOf(syn4), { ok: true, tuple: tuple4 });
  t.deepEqual(fiveTupleOf(syn6), {
    ok: true,
    tuple: {
      protocol: 6,
      source: '2001:db8:c::10',
      destination: '2001:db8:100::10',
      sourcePort: 1234,
      destinationPort: 80,
    },
  });
});

test('a tagged frame gives the same as the packet in it', (t) => {
  const frame = Uint8Array.of(...bytesOf('0200000000bb 020000000001 8100 0064 0800'), ...syn4);
  t.deepEqual(fiveTupleOfFrame(frame), { ok: true, tuple: tuple4 });
});

test('a frame that carries no IP has none', (t) => {
  t.deepEqual(fiveTupleOfFrame(bytesOf('ffffffffffff 020000000001 0806')), { ok: false, reason: 'malformed' });
});

test('a later fragment and ICMP have no ports', (t) => {
  const fragment = syn4.slice();
  fragment[7] = 0x10;
  t.like(fiveTupleOf(fragment), { ok: true, tuple: { sourcePort: 0, destinationPort: 0 } });
  const icmp = syn4.slice();
  icmp[9] = 1;
  t.like(fiveTupleOf(icmp), { ok: true, tuple: { protocol: 1, sourcePort: 0 } });
});

test('an ICMP error gives the packet that it quotes, though that is cut after 8 bytes', (t) => {
  const error = Uint8Array.of(
    ...bytesOf('45000038000000004001 0000 0a000001 c633640a 0304 0000 0000 0578'),
    ...syn4.slice(0, 28),
  );
  t.deepEqual(quotedFiveTuple(error), { ok: true, tuple: tuple4 });
});

test('an ICMPv6 error gives the packet that it quotes', (t) => {
  const ip = bytesOf(
    '6000 0000 0034 3a40 fd000000000000000000000000000001 20010db8010000000000000000000010 0200 0000 0000 0500',
  );
  const error = Uint8Array.of(...ip, ...syn6.slice(0, 44));
  t.like(quotedFiveTuple(error), { ok: true, tuple: { source: '2001:db8:c::10', sourcePort: 1234 } });
});

test('an echo quotes nothing', (t) => {
  t.deepEqual(quotedFiveTuple(bytesOf('4500001c000000004001 0000 0a000001 c633640a 0800 0000 0001 0001')), {
    ok: false,
    reason: 'malformed',
  });
});

test('ports are not read from what pads a frame behind a packet', (t) => {
  const noTransport = syn4.slice();
  noTransport[3] = 20;
  t.deepEqual(fiveTupleOf(noTransport), { ok: false, reason: 'truncated' });
  const noTransport6 = syn6.slice();
  noTransport6[5] = 0;
  t.deepEqual(fiveTupleOf(noTransport6), { ok: false, reason: 'truncated' });
});

test('extension headers are not read from what pads a frame behind a packet', (t) => {
  const options = bytesOf('0600 000000000000');
  const packet = Uint8Array.of(...syn6.slice(0, 40), ...options, ...syn6.slice(40));
  packet[6] = 60;
  packet[5] = 28;
  t.like(fiveTupleOf(packet), { ok: true, tuple: { protocol: 6, sourcePort: 1234 } });
  packet[5] = 4;
  t.deepEqual(fiveTupleOf(packet), { ok: false, reason: 'truncated' });
});

test('a later fragment of an ICMP error is not taken for its beginning', (t) => {
  const error = Uint8Array.of(
    ...bytesOf('4500003800000001 4001 0000 0a000001 c633640a 0304 0000 0000 0578'),
    ...syn4.slice(0, 28),
  );
  t.deepEqual(quotedFiveTuple(error), { ok: false, reason: 'malformed' });
});

test('a packet behind other bytes gives the same as alone', (t) => {
  t.deepEqual(fiveTupleOf(Uint8Array.of(1, 2, 3, ...syn4), 3), fiveTupleOf(syn4));
  t.deepEqual(fiveTupleOf(Uint8Array.of(1, 2, 3, ...syn6), 3), fiveTupleOf(syn6));
});

test('no cut and no noise is thrown at', (t) => {
  assertHarmless(t, fiveTupleOf, syn4);
  assertHarmless(t, fiveTupleOf, syn6);
  assertHarmless(t, fiveTupleOfFrame, Uint8Array.of(...bytesOf('0200000000bb 020000000001 0800'), ...syn4));
  const quote = syn4.slice(0, 24);
  assertHarmless(
    t,
    quotedFiveTuple,
    Uint8Array.of(...bytesOf('45000034000000004001 0000 0a000001 c633640a 0b00 0000 0000 0000'), ...quote),
  );
});
