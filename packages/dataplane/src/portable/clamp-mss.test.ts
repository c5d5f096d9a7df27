import test from 'ava';
import { clampMss } from './clamp-mss.js';
import { bytesOf, hexOf } from './test-support/engine.js';
import { packets } from './test-support/packets.js';

const clamped = test.macro((t, packet: string, mss: number, expected: string) => {
  const bytes = bytesOf(packet);
  clampMss(bytes, 20, mss);
  t.is(hexOf(bytes), expected);
});

const { mss1400, mss1460 } = packets;
test('an MSS at an odd offset is lowered, and the checksum is right', clamped, mss1460, 1400, mss1400);
test('an MSS that is no larger stays', clamped, mss1400, 1400, mss1400);
const ack = mss1460.replace('80022000', '80102000').replace('70022000', '70102000');
test('a segment that is no SYN stays', clamped, ack, 1400, ack);
const ended = mss1460.replace('01020405b4', '00020405b4');
test('what stands behind the end of options is no option', clamped, ended, 1400, ended);
const nonsense = mss1460.replace('01020405b4', '0901020405');
test('an option of length 1 ends the search', clamped, nonsense, 1400, nonsense);
