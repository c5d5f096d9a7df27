import { readFileSync } from 'node:fs';
import { decodeEthernet, EtherType } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import type { Encapsulation } from './advertised-mss.js';
import { counterNames, Decapsulation, type DecapsulationCounts } from './decapsulation.js';
import { bytesOf, inner4, inner6, outer4, outer6, udp } from './fixture/tunnel-frames.js';

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
    enabled: ['ipip', 'gre', 'gue', 'fou'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: 19523,
    peers: [],
  });
});
test.after.always(() => program?.[Symbol.dispose]());

const run = (hex: string) => {
  const { result, packet } = program.testRun(bytesOf(hex));
  return { result, frame: Buffer.from(packet).toString('hex') };
};
/** What the kernel is to get. */
const plain4 =
  '0200000000aa0200000000bb0800452a0028000700003f068f57c000020ac633640a04d200500000000100000000500220009e770000';
const plain6 =
  '0200000000aa0200000000bb86dd62a000000014063f20010db8000c0000000000000000001020010db801000000000000000000001004d200500000000100000000500220002e220000';
const gue = (payload: string) => udp(payload, 6080);
const fou = (payload: string) => udp(payload, 5555);

function difference(before: DecapsulationCounts): Partial<DecapsulationCounts> {
  const after = program.counts();
  return Object.fromEntries(
    counterNames.filter((name) => after[name] !== before[name]).map((name) => [name, after[name] - before[name]]),
  );
}

const everyFamily = (
  name: Encapsulation,
  wrap: (inner: string, protocol: '04' | '29') => readonly [protocol: string, payload: string],
) =>
  [
    [`IPv4 in ${name} over IPv4`, outer4(...wrap(inner4(), '04')), plain4, name],
    [`IPv6 in ${name} over IPv4`, outer4(...wrap(inner6(), '29')), plain6, name],
    [`IPv4 in ${name} over IPv6`, outer6(...wrap(inner4(), '04')), plain4, name],
    [`IPv6 in ${name} over IPv6`, outer6(...wrap(inner6(), '29')), plain6, name],
  ] as const;
const taken: readonly (readonly [string, string, string, Encapsulation])[] = [
  ...everyFamily('ipip', (inner, protocol) => [protocol, inner]),
  ...everyFamily('gre', (inner, protocol) => ['2f', `0000${protocol === '04' ? '0800' : '86dd'}${inner}`]),
  ...everyFamily('gue', (inner, protocol) => ['11', gue(`00${protocol}0000${inner}`)]),
  ...everyFamily('fou', (inner) => ['11', fou(inner)]),
  ['GRE with a checksum', outer4('2f', `80000800abcd0000${inner4()}`), plain4, 'gre'],
  ['GRE with a key', outer4('2f', `2000080000000007${inner4()}`), plain4, 'gre'],
  ['GRE with a sequence number', outer6('2f', `100086dd00000009${inner6()}`), plain6, 'gre'],
  [
    'GRE with checksum, key and sequence number',
    outer4('2f', `b0000800abcd00000000000700000009${inner4()}`),
    plain4,
    'gre',
  ],
  ['GRE with all the bits that are to be ignored', outer4('2f', `03f80800${inner4()}`), plain4, 'gre'],
  ['GUE with two words of private data', outer4('11', gue(`020400000a00000b0a00000c${inner4()}`)), plain4, 'gue'],
  ['IPv4 in GUE of variant 1', outer4('11', gue(inner4())), plain4, 'gue'],
  ['IPv6 in GUE of variant 1', outer6('11', gue(inner6())), plain6, 'gue'],
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
    const frame = outer4('04', inner4(), { options: '01020304'.repeat(words) });
    t.deepEqual(run(frame), { result: XDP_PASS, frame: plain4 });
  });
}

const untouched: readonly (readonly [string, string])[] = [
  ['a packet that is not encapsulated', plain4],
  ['a fragment of UDP for another port', outer4('11', udp(`00040000${inner4()}`, 53), { fragment: '2000' })],
  [
    'a later fragment of UDP, whose port nobody can tell',
    outer4('11', gue(`00040000${inner4()}`), { fragment: '0010' }),
  ],
  ['UDP for another port', outer4('11', udp(`00040000${inner4()}`, 6081))],
  ['GRE that carries something else than IP', outer4('2f', `00006558${inner4()}`)],
  ['UDP whose header is cut off', outer4('11', 'ffff17c0')],
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
  ['IPv4', outer4('04', inner4().replace('c633640a', 'c633640b'))],
  [
    'IPv6',
    outer4('29', inner6().replace('20010db801000000000000000000001004d2', '20010db801000000000000000000001104d2')),
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
    const sound = bytesOf(outer4('04', inner4(), { options: '01020304'.repeat(words) }));
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
  using only = new Decapsulation({
    vips: ['198.51.100.10'],
    enabled: ['gue'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: 19523,
    peers: [],
  });
  for (const frame of [
    outer4('04', inner4()),
    outer4('04', inner4(), { fragment: '2000' }),
    outer4('2f', `00010800${inner4()}`),
    outer4('11', fou(inner4())),
  ]) {
    const { result, packet } = only.testRun(bytesOf(frame));
    t.deepEqual([result, Buffer.from(packet).toString('hex')], [XDP_PASS, frame]);
  }
  t.deepEqual(new Set(Object.values(only.counts())), new Set([0]));
});

const dropped: readonly (readonly [string, string, keyof DecapsulationCounts])[] = [
  ['GRE with a routing field', outer4('2f', `40000800${inner4()}`), 'malformed_gre'],
  ['GRE with a strict source route', outer4('2f', `08000800${inner4()}`), 'malformed_gre'],
  ['GRE with a count of recursions', outer4('2f', `04000800${inner4()}`), 'malformed_gre'],
  ['GRE of version 1', outer4('2f', `00010800${inner4()}`), 'malformed_gre'],
  ['a GUE control message', outer4('11', gue(`20040000${inner4()}`)), 'malformed_gue'],
  ['GUE of variant 2', outer4('11', gue(`80040000${inner4()}`)), 'malformed_gue'],
  ['GUE with a flag', outer4('11', gue(`0104000100000000${inner4()}`)), 'malformed_gue'],
  ['GUE that carries TCP', outer4('11', gue(`00060000${inner4()}`)), 'malformed_gue'],
  ['GUE whose optional words go beyond the packet', outer4('11', gue(`1f040000${inner4()}`)), 'truncated'],
  ['GUE of 3 bytes', outer4('11', gue('000400')), 'truncated'],
  ['FOU with a GUE header', outer4('11', fou(`00040000${inner4()}`)), 'malformed_fou'],
  ['FOU of IP version 5', outer6('11', fou(inner4().replace('4', '5'))), 'malformed_fou'],
  ['FOU of no bytes', outer4('11', fou('')), 'truncated'],
  ['a first fragment of IPIP', outer4('04', inner4(), { fragment: '2000' }), 'outer_fragment'],
  ['a later fragment of GRE', outer4('2f', inner4(), { fragment: '0010' }), 'outer_fragment'],
  ['a first fragment of GUE', outer4('11', gue(`00040000${inner4()}`), { fragment: '2000' }), 'outer_fragment'],
  ['a first fragment of FOU', outer4('11', fou(inner4()), { fragment: '2000' }), 'outer_fragment'],
  ['a fragment of IPIP over IPv6', outer6('2c', `0400000100000007${inner4()}`), 'outer_fragment'],
  ['a later fragment of GRE over IPv6', outer6('2c', `2f00058000000007${inner4()}`), 'outer_fragment'],
];
for (const [title, frame, name] of dropped) {
  testAsRoot(`${title} is dropped and counted as ${name}`, (t) => {
    const before = program.counts();
    t.is(run(frame).result, XDP_DROP);
    t.deepEqual(difference(before), { [name]: 1 });
  });
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
  const plain = (noise: string) => noise;
  const kinds = fc.constantFrom(
    ...(['04', '29', '2f', '11'] as const).map((protocol) => ({ protocol, wrap: plain })),
    { protocol: '11', wrap: gue },
    { protocol: '11', wrap: fou },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(outer4, outer6),
      kinds,
      fc.uint8Array({ maxLength: 120 }),
      (outer, { protocol, wrap }, noise) => {
        const { result, frame } = run(outer(protocol, wrap(Buffer.from(noise).toString('hex'))));
        t.true(result === XDP_DROP || result === XDP_PASS);
        const decoded = decodeEthernet(bytesOf(frame));
        t.true(
          decoded.ok && (decoded.header.etherType === EtherType.ipv4 || decoded.header.etherType === EtherType.ipv6),
        );
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
});

test('counters stand in the order of the program', (t) => {
  const source = readFileSync(new URL('../bpf/lib/count.h', import.meta.url), 'utf8');
  const body = /enum counter \{([^}]*)\}/.exec(source)?.[1] ?? '';
  const names = [...body.matchAll(/^\s*COUNT_([A-Z_0-9]+),/gm)].map(([, name]) => name?.toLowerCase());
  t.deepEqual(names, [...counterNames]);
});
