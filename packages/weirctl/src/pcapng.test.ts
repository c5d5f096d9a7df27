import { execFileSync } from 'node:child_process';
import test from 'ava';
import { PcapngWriter } from './pcapng.js';

/** A SYN from 203.0.113.7:40000 to 198.51.100.1:443. */
const syn = Buffer.from(
  '020000000002020000000001080045000028000040004006d493cb007107c6336401' + '9c4001bb000000000000000050020000abaa0000',
  'hex',
);
/** 2026-01-02T03:04:05.123456789Z. */
const timestampNs = 1_767_323_045_123_456_789n;

function read(...args: readonly string[]) {
  return (file: Uint8Array) =>
    execFileSync('tcpdump', ['-r', '-', '-nn', ...args], { input: file, encoding: 'utf8', stdio: 'pipe' });
}

test('tcpdump reads what was written: addresses, time and cut-off packets', (t) => {
  const writer = new PcapngWriter(60);
  const packet = {
    interface: 'eth0',
    timestampNs,
    frame: syn,
    originalBytes: syn.byteLength,
    comment: 'dropped: denied',
  };
  const file = Buffer.concat([
    writer.head(),
    writer.packet(packet),
    writer.packet({ ...packet, interface: 'eth1', frame: syn.subarray(0, 35), originalBytes: 1514, comment: '' }),
    writer.packet({ ...packet, timestampNs: timestampNs + 1n, comment: 'größer' }),
  ]);
  const lines = read('-tt', '--nano')(file).trim().split('\n');
  t.is(lines.length, 3);
  t.is(lines[0], '1767323045.123456789 IP 203.0.113.7.40000 > 198.51.100.1.443: Flags [S], seq 0, win 0, length 0');
  t.regex(lines[1] ?? '', /^1767323045\.123456789 /);
  t.regex(lines[2] ?? '', /^1767323045\.123456790 IP 203/);
});

test('a comment stands with its packet, and an interface is described once', (t) => {
  const writer = new PcapngWriter(60);
  const packet = { interface: 'eth0', timestampNs, frame: syn, originalBytes: syn.byteLength, comment: 'forwarded' };
  const first = Buffer.from(writer.packet(packet));
  const second = Buffer.from(writer.packet(packet));
  t.deepEqual([first.readUInt32LE(0), second.readUInt32LE(0)], [1, 6]);
  t.is(second.byteLength, second.readUInt32LE(4));
  t.is(second.readUInt32LE(second.byteLength - 4), second.byteLength);
  // Option 1 of 9 bytes, the comment padded to 12, and the end of options.
  const options = second.subarray(28 + Math.ceil(syn.byteLength / 4) * 4, -4);
  t.is(options.toString('latin1'), '\u0001\u0000\u0009\u0000forwarded\0\0\0\0\0\0\0');
});
