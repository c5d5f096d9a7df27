import { readFileSync } from 'node:fs';
import { decodeEthernet, decodeIpv4, decodeIpv6, EtherType, encodeIpv4 } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { counterNames, Decapsulation, type DecapsulationCounts } from './decapsulation.js';

const XDP_DROP = 1;
const XDP_PASS = 2;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs need root\n');

let program: Decapsulation;
test.before(() => {
  if (!isRoot) return;
  program = new Decapsulation({
    vips: ['198.51.100.10', '2001:db8:100::10'],
    enabled: ['ipip', 'gre', 'gue'],
    guePort: 6080,
  });
});
test.after.always(() => program?.[Symbol.dispose]());

/** Frames as scapy writes them: outer 10.0.0.11 to 10.0.0.21 or fd00::11 to fd00::21, inner a SYN for a VIP. */
const ethernet = '0200000000aa0200000000bb';
const inner4 = '452a0028000700003f068f57c000020ac633640a04d200500000000100000000500220009e770000';
const inner6 =
  '62a000000014063f20010db8000c0000000000000000001020010db801000000000000000000001004d200500000000100000000500220002e220000';
const addresses6 = 'fd000000000000000000000000000011fd000000000000000000000000000021';
const word = (value: number) => value.toString(16).padStart(4, '0');
/** An outer IPv4 header, with its checksum. */
const outer4 = (protocol: string, payload: string, tos = '2a', fragment = '4000', options = '') => {
  const ihl = 5 + options.length / 8;
  const start = `4${ihl.toString(16)}${tos}${word(ihl * 4 + payload.length / 2)}0000${fragment}40${protocol}`;
  const end = `0a00000b0a000015${options}`;
  return `${ethernet}0800${start}${checksum(start + end)}${end}${payload}`;
};
/** RFC 1071, over whole 16-bit words. */
function checksum(hex: string): string {
  let sum = (hex.match(/.{4}/g) ?? []).reduce((total, text) => total + Number.parseInt(text, 16), 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return word(~sum & 0xffff);
}
const outer6 = (protocol: string, payload: string) =>
  `${ethernet}86dd62a00000${word(payload.length / 2)}${protocol}40${addresses6}${payload}`;
const udp = (payload: string, port = 6080) => `ffff${word(port)}${word(8 + payload.length / 2)}0000${payload}`;

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const run = (hex: string) => {
  const { result, packet } = program.testRun(bytesOf(hex));
  return { result, frame: Buffer.from(packet).toString('hex') };
};
const plain4 = `${ethernet}0800${inner4}`;
const plain6 = `${ethernet}86dd${inner6}`;

function difference(before: DecapsulationCounts): Partial<DecapsulationCounts> {
  const after = program.counts();
  return Object.fromEntries(
    counterNames.filter((name) => after[name] !== before[name]).map((name) => [name, after[name] - before[name]]),
  );
}

const taken: readonly (readonly [string, string, string, 'ipip' | 'gre' | 'gue'])[] = [
  ['IPv4 in IPv4', outer4('04', inner4), plain4, 'ipip'],
  ['IPv6 in IPv4', outer4('29', inner6), plain6, 'ipip'],
  ['IPv4 in IPv6', outer6('04', inner4), plain4, 'ipip'],
  ['IPv6 in IPv6', outer6('29', inner6), plain6, 'ipip'],
  ['IPv4 in GRE', outer4('2f', `00000800${inner4}`), plain4, 'gre'],
  ['IPv6 in GRE over IPv6', outer6('2f', `000086dd${inner6}`), plain6, 'gre'],
  ['GRE with a checksum', outer4('2f', `80000800abcd0000${inner4}`), plain4, 'gre'],
  ['GRE with a key', outer4('2f', `2000080000000007${inner4}`), plain4, 'gre'],
  [
    'GRE with checksum, key and sequence number',
    outer4('2f', `b0000800abcd00000000000700000009${inner4}`),
    plain4,
    'gre',
  ],
  ['IPv4 in GUE', outer4('11', udp(`00040000${inner4}`)), plain4, 'gue'],
  ['IPv6 in GUE over IPv6', outer6('11', udp(`00290000${inner6}`)), plain6, 'gue'],
  ['GUE with two optional words', outer4('11', udp(`020400000a00000b0a00000c${inner4}`)), plain4, 'gue'],
  ['IPv4 in GUE of variant 1', outer4('11', udp(inner4)), plain4, 'gue'],
  ['IPv6 in GUE of variant 1', outer6('11', udp(inner6)), plain6, 'gue'],
];
for (const [title, frame, expected, name] of taken) {
  testAsRoot(`${title} is taken out and handed to the kernel`, (t) => {
    const before = program.counts();
    t.deepEqual(run(frame), { result: XDP_PASS, frame: expected });
    t.deepEqual(difference(before), { [`${name}_${expected === plain4 ? 'ipv4' : 'ipv6'}`]: 1 });
  });
}

for (const words of [1, 10]) {
  testAsRoot(`${words} words of options of the outer IPv4 header are taken off with it`, (t) => {
    const frame = outer4('04', inner4, '2a', '4000', '01020304'.repeat(words));
    t.deepEqual(run(frame), { result: XDP_PASS, frame: plain4 });
  });
}

const untouched: readonly (readonly [string, string])[] = [
  ['a packet that is not encapsulated', plain4],
  ['a fragment of UDP for another port', outer4('11', udp(`00040000${inner4}`, 53), '2a', '2000')],
  ['a later fragment of UDP, whose port nobody can tell', outer4('11', udp(`00040000${inner4}`), '2a', '0010')],
  ['UDP for another port', outer4('11', udp(`00040000${inner4}`, 6081))],
  ['GRE that carries something else than IP', outer4('2f', `00006558${inner4}`)],
  ['ARP', `ffffffffffff02000000000108060001080006040001${'00'.repeat(20)}`],
];
for (const [title, frame] of untouched) {
  testAsRoot(`${title} goes to the kernel untouched and uncounted`, (t) => {
    const before = program.counts();
    t.deepEqual(run(frame), { result: XDP_PASS, frame });
    t.deepEqual(difference(before), {});
  });
}

for (const [title, frame] of [
  ['IPv4', outer4('04', inner4.replace('c633640a', 'c633640b'))],
  [
    'IPv6',
    outer4('29', inner6.replace('20010db801000000000000000000001004d2', '20010db801000000000000000000001104d2')),
  ],
] as const) {
  testAsRoot(`an inner ${title} packet for no VIP of this host goes to the kernel untouched, and is counted`, (t) => {
    const before = program.counts();
    t.deepEqual(run(frame), { result: XDP_PASS, frame });
    t.deepEqual(difference(before), { not_a_vip: 1 });
  });
}

testAsRoot('a damaged outer header of any length is dropped and counted as malformed_outer', (t) => {
  for (const words of [0, 1, 5, 10]) {
    const sound = bytesOf(outer4('04', inner4, '2a', '4000', '01020304'.repeat(words)));
    const before = program.counts();
    for (const bit of [0x01, 0x80]) {
      const damaged = sound.slice();
      damaged[14 + 20 + 4 * words - 1] = (damaged[14 + 20 + 4 * words - 1] as number) ^ bit;
      t.is(program.testRun(damaged).result, XDP_DROP);
    }
    t.deepEqual(difference(before), { malformed_outer: 2 });
  }
});

testAsRoot('an encapsulation that is not enabled is left alone, also in fragments and malformed', (t) => {
  using only = new Decapsulation({ vips: ['198.51.100.10'], enabled: ['gue'], guePort: 6080 });
  for (const frame of [outer4('04', inner4), outer4('04', inner4, '2a', '2000'), outer4('2f', `00010800${inner4}`)]) {
    const { result, packet } = only.testRun(bytesOf(frame));
    t.deepEqual([result, Buffer.from(packet).toString('hex')], [XDP_PASS, frame]);
  }
  t.deepEqual(new Set(Object.values(only.counts())), new Set([0]));
});

const dropped: readonly (readonly [string, string, keyof DecapsulationCounts])[] = [
  ['GRE with a routing field', outer4('2f', `40000800${inner4}`), 'malformed_gre'],
  ['GRE of version 1', outer4('2f', `00010800${inner4}`), 'malformed_gre'],
  ['a GUE control message', outer4('11', udp(`20040000${inner4}`)), 'malformed_gue'],
  ['GUE of variant 2', outer4('11', udp(`80040000${inner4}`)), 'malformed_gue'],
  ['GUE that carries TCP', outer4('11', udp(`00060000${inner4}`)), 'malformed_gue'],
  ['GUE whose optional words go beyond the packet', outer4('11', udp(`1f040000${inner4}`)), 'truncated'],
  ['a first fragment of IPIP', outer4('04', inner4, '2a', '2000'), 'outer_fragment'],
  ['a later fragment of GRE', outer4('2f', inner4, '2a', '0010'), 'outer_fragment'],
  ['a first fragment of GUE', outer4('11', udp(`00040000${inner4}`), '2a', '2000'), 'outer_fragment'],
  ['a fragment of IPIP over IPv6', outer6('2c', `0400000100000007${inner4}`), 'outer_fragment'],
  ['a later fragment of GRE over IPv6', outer6('2c', `2f00058000000007${inner4}`), 'outer_fragment'],
];
for (const [title, frame, name] of dropped) {
  testAsRoot(`${title} is dropped and counted as ${name}`, (t) => {
    const before = program.counts();
    t.is(run(frame).result, XDP_DROP);
    t.deepEqual(difference(before), { [name]: 1 });
  });
}

/** RFC 6040, figure 4: rows are inner ECN 00, 10 (ECT 0), 01 (ECT 1), 11 (CE); columns outer in the same order. */
const ecnCodes = [0b00, 0b10, 0b01, 0b11] as const;
const ecnTable: readonly (readonly (number | 'drop')[])[] = [
  [0b00, 0b00, 0b00, 'drop'],
  [0b10, 0b10, 0b01, 0b11],
  [0b01, 0b01, 0b01, 0b11],
  [0b11, 0b11, 0b11, 0b11],
];
for (const [row, inner] of ecnCodes.entries()) {
  for (const [column, outer] of ecnCodes.entries()) {
    const expected = ecnTable[row]?.[column];
    const [innerText, outerText] = [inner, outer].map((code) => code.toString(2).padStart(2, '0'));
    testAsRoot(
      `inner ECN ${innerText} in outer ECN ${outerText} gives ${expected === 'drop' ? 'a drop' : expected?.toString(2).padStart(2, '0')}`,
      (t) => {
        const packet4 = bytesOf(plain4);
        packet4[15] = 0x28 | inner;
        const withSum = Buffer.from(fixChecksum(packet4)).toString('hex').slice(28);
        const result4 = run(outer4('04', withSum, (0x28 | outer).toString(16)));
        const packet6 = bytesOf(inner6);
        packet6[1] = 0x80 | (inner << 4);
        const result6 = run(outer4('29', Buffer.from(packet6).toString('hex'), (0x28 | outer).toString(16)));
        if (expected === 'drop' || expected === undefined) {
          t.deepEqual([result4.result, result6.result], [XDP_DROP, XDP_DROP]);
          return;
        }
        const out4 = decodeIpv4(bytesOf(result4.frame), 14);
        t.like(out4, { ok: true, checksumOk: true, header: { trafficClass: 0x28 | expected } });
        const out6 = decodeIpv6(bytesOf(result6.frame), 14);
        t.is(out6.ok && out6.header.trafficClass & 3, expected);
      },
    );
  }
}

/** The frame with the checksum of its IPv4 header made right. */
function fixChecksum(frame: Uint8Array): Uint8Array {
  const decoded = decodeIpv4(frame, 14);
  const fixed = frame.slice();
  if (decoded.ok) encodeIpv4(decoded.header, fixed, 14);
  return fixed;
}

testAsRoot('no cut of a packet makes the program abort, and none is taken for whole', (t) => {
  for (const [title, frame] of taken) {
    for (let bytes = 14; bytes < frame.length / 2; bytes++) {
      const { result, frame: out } = run(frame.slice(0, 2 * bytes));
      t.true(result === XDP_DROP || result === XDP_PASS, `${title}: ${bytes} bytes gave ${result}`);
      t.true(out.length <= 2 * bytes);
    }
  }
});

testAsRoot('noise behind the outer header is passed or dropped, and what comes out is a frame', (t) => {
  const protocol = fc.constantFrom('04', '29', '2f', '11');
  fc.assert(
    fc.property(fc.boolean(), protocol, fc.uint8Array({ maxLength: 120 }), (isIpv4, kind, noise) => {
      const payload = Buffer.from(noise).toString('hex');
      const { result, frame } = run(isIpv4 ? outer4(kind, payload) : outer6(kind, payload));
      t.true(result === XDP_DROP || result === XDP_PASS);
      const decoded = decodeEthernet(bytesOf(frame));
      t.true(
        decoded.ok && (decoded.header.etherType === EtherType.ipv4 || decoded.header.etherType === EtherType.ipv6),
      );
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('counters stand in the order of the program', (t) => {
  const source = readFileSync(new URL('../bpf/decap.bpf.c', import.meta.url), 'utf8');
  const body = /enum counter \{([^}]*)\}/.exec(source)?.[1] ?? '';
  const names = [...body.matchAll(/^\s*COUNT_([A-Z_0-9]+),/gm)].map(([, name]) => name?.toLowerCase());
  t.deepEqual(names, [...counterNames]);
});
