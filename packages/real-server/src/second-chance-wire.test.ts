import { GUE_HOPS_UDP_PORT } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { counterNames, Decapsulation } from './decapsulation.js';
import { asAck, listed4, listed6, members4, members6 } from './fixture/hop-frames.js';
import { makePrivateHost, sh } from './fixture/private-host.js';
import { bytesOf, frameOf, inner4, inner6, outer4, udp } from './fixture/tunnel-frames.js';
import { type Network, parseNetwork } from './network.js';

const XDP_DROP = 1;
const XDP_PASS = 2;
/** A test run arrives on lo, and the hops are elsewhere. */
const XDP_REDIRECT = 4;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs need root\n');

let program: Decapsulation;
test.before(() => {
  if (!isRoot) return;
  makePrivateHost();
  sh('ip link set eth0 address 02:00:00:00:00:21');
  for (const last of [22, 23, 24, 25]) {
    sh(`ip neigh add 10.0.0.${last} lladdr 02:00:00:00:00:${last} dev eth0`);
    sh(`ip neigh add fd00::${last} lladdr 02:00:00:00:00:${last} dev eth0`);
  }
  sh('sysctl -q -w net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1');
  program = new Decapsulation({
    vips: ['198.51.100.10', '2001:db8:100::10'],
    enabled: ['second_chance'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: GUE_HOPS_UDP_PORT,
    peers: ['10.0.0.0/24', 'fd00::/64'].map((text) => parseNetwork(text) as Network),
  });
});
test.after.always(() => program?.[Symbol.dispose]());

/** The verdict, the frame, and which counters went up. */
function run(hex: string) {
  const before = program.counts();
  const { result, packet } = program.testRun(bytesOf(hex));
  const after = program.counts();
  const counted = counterNames.filter((name) => after[name] !== before[name]);
  return { result, frame: Buffer.from(packet).toString('hex'), counted };
}

/** From this host's MAC address to that of the member 22. */
const toMember22 = (frame: string) => `020000000022020000000021${frame.slice(24)}`;

testAsRoot("a packet as GLB's director sends it goes on as GLB's redirect module expects it, byte for byte", (t) => {
  const ack = '452a0028000700003f068f57c000020ac633640a04d200500000000100000000501020009e690000';
  const fromDirector =
    '0200000000aa0200000000bb0800' +
    '45000050000040004011267e0a00000b0a000015' + // 10.0.0.11 to 10.0.0.21, TTL 64
    'ffff4c43003c0000' + // UDP to 19523 without a checksum
    '02040000' + // GUE: two words of private data, then IPv4
    '00000001' + // type 0, next hop 0, one hop
    `0a000016${ack}`;
  const toSecond =
    '0200000000220200000000210800' +
    '45000050000040003f1127730a0000150a000016' + // 10.0.0.21 to 10.0.0.22, TTL 63
    'ffff4c43003c0000' +
    '02040000' +
    '00000101' + // next hop 1
    `0a000016${ack}`;
  t.deepEqual(run(fromDirector), { result: XDP_REDIRECT, frame: toSecond, counted: ['redirected'] });
});

const outerFamilies = [
  { outer: 'IPv4', listed: listed4, members: members4, self: '0a000015' },
  { outer: 'IPv6', listed: listed6, members: members6, self: `fd${'00'.repeat(14)}21` },
] as const;
const innerFamilies = [
  { inner: 'IPv4', protocol: '04', packet: inner4() },
  { inner: 'IPv6', protocol: '29', packet: inner6() },
] as const;

for (const { outer, listed, members, self } of outerFamilies) {
  for (const { inner, protocol, packet } of innerFamilies) {
    const taken = inner === 'IPv4' ? 'second_chance_ipv4' : 'second_chance_ipv6';

    for (const count of [1, 2, 3, 4]) {
      const hops = members.slice(0, count);

      testAsRoot(`a SYN of ${inner} over ${outer} is taken here, whatever ${count} hops follow`, (t) => {
        t.deepEqual(run(listed(packet, { protocol, hops })), {
          result: XDP_PASS,
          frame: frameOf(packet),
          counted: [taken, 'accepted_syn'],
        });
      });

      testAsRoot(`${inner} over ${outer} that no socket knows goes to the first of ${count} hops`, (t) => {
        const addresses = `${self}${members[0]}`;
        t.deepEqual(run(listed(asAck(packet), { protocol, hops })), {
          result: XDP_REDIRECT,
          frame: toMember22(listed(asAck(packet), { protocol, hops, next: 1 }, { addresses, ttl: '3f' })),
          counted: ['redirected'],
        });
      });
    }

    testAsRoot(`${inner} over ${outer} for nobody is taken by the last hop, and by one with an empty list`, (t) => {
      for (const hops of [[], members.slice(0, 1), members]) {
        t.deepEqual(run(listed(asAck(packet), { protocol, hops, next: hops.length })), {
          result: XDP_PASS,
          frame: frameOf(asAck(packet)),
          counted: [taken, 'accepted_last_hop'],
        });
      }
    });

    testAsRoot(`${inner} over ${outer} whose next hop is this host goes to the hop after it`, (t) => {
      const hops = [self, members[0]];
      t.deepEqual(run(listed(asAck(packet), { protocol, hops })), {
        result: XDP_REDIRECT,
        frame: toMember22(
          listed(asAck(packet), { protocol, hops, next: 2 }, { addresses: `${self}${members[0]}`, ttl: '3f' }),
        ),
        counted: ['redirected'],
      });
    });
  }
}

testAsRoot('a next hop that is another address of this host is this host', (t) => {
  sh('ip address add 10.0.0.99/32 dev lo');
  program.setOwnAddresses(['10.0.0.99']);
  t.deepEqual(run(listed4(asAck(inner4()), { hops: ['0a000063'] })).counted, [
    'second_chance_ipv4',
    'accepted_next_hop_is_self',
  ]);
  program.setOwnAddresses([]);
  t.deepEqual(run(listed4(asAck(inner4()), { hops: ['0a000063'] })).counted, ['hop_no_route']);
  sh('ip address del 10.0.0.99/32 dev lo');
});

testAsRoot('a packet goes down its list to the end and no further, from member to member', (t) => {
  for (const [index, hop] of members4.slice(1).entries()) {
    const next = index + 1;
    const addresses = `0a000015${members4[index]}`;
    const { counted } = run(listed4(asAck(inner4()), { hops: members4, next }, { addresses }));
    t.deepEqual(counted, ['redirected'], `from ${members4[index]} to ${hop}`);
  }
});

testAsRoot('a UDP checksum that is there stays right, over IPv4 and over IPv6', (t) => {
  const inner = asAck(inner4()).replace('9e77', '9e69');
  // As scapy computes them.
  t.is(
    run(listed4(inner, { hops: members4.slice(0, 1) }, { trafficClass: '00' }, '7f5b')).frame,
    toMember22(
      listed4(
        inner,
        { hops: members4.slice(0, 1), next: 1 },
        { trafficClass: '00', ttl: '3f', addresses: '0a0000150a000016' },
        '7e50',
      ),
    ),
  );
  t.is(
    run(listed6(inner, { hops: members6.slice(0, 1) }, {}, 'a321')).frame,
    toMember22(
      listed6(
        inner,
        { hops: members6.slice(0, 1), next: 1 },
        { ttl: '3f', addresses: `fd${'00'.repeat(14)}21${members6[0]}` },
        'a210',
      ),
    ),
  );
});

testAsRoot('the ECN field of a packet that goes on stays as it is, outside and inside', (t) => {
  const inner = asAck(inner4({ trafficClass: '00' }));
  const { frame } = run(listed4(inner, { hops: [members4[0]] }, { trafficClass: '03' }));
  t.is(
    frame,
    toMember22(
      listed4(
        inner,
        { hops: [members4[0]], next: 1 },
        { trafficClass: '03', ttl: '3f', addresses: '0a0000150a000016' },
      ),
    ),
  );
});

testAsRoot('options of the outer IPv4 header go on with it', (t) => {
  const options = '01020304';
  t.is(
    run(listed4(asAck(inner4()), { hops: [members4[0]] }, { options })).frame,
    toMember22(
      listed4(asAck(inner4()), { hops: [members4[0]], next: 1 }, { options, ttl: '3f', addresses: '0a0000150a000016' }),
    ),
  );
});

const ack = asAck(inner4());
const refused: readonly (readonly [string, string, (typeof counterNames)[number]])[] = [
  [
    'a list from nobody that is a peer',
    listed4(ack, { hops: members4 }, { addresses: 'c00002010a000015' }),
    'not_a_peer',
  ],
  ['a SYN from nobody that is a peer', listed4(inner4(), {}, { addresses: 'c00002010a000015' }), 'not_a_peer'],
  ['private data of type 2', listed4(ack, { hops: members4, type: '0002' }), 'unknown_hop_type'],
  ['IPv6 hops over IPv4', listed4(ack, { hops: members6.slice(0, 1), type: '0001' }), 'malformed_hops'],
  ['IPv4 hops over IPv6', listed6(ack, { hops: members4, type: '0000' }), 'malformed_hops'],
  ['a header without private data', listed4(ack, { first: '00' }), 'malformed_hops'],
  ['more hops than the header has', listed4(ack, { hops: members4.slice(0, 1), count: 2 }), 'malformed_hops'],
  ['fewer hops than the header has', listed4(ack, { hops: members4.slice(0, 2), count: 1 }), 'malformed_hops'],
  ['five hops', listed4(ack, { hops: [...members4, '0a00001a'] }), 'malformed_hops'],
  ['255 hops', listed4(ack, { hops: members4, count: 255 }), 'malformed_hops'],
  ['a next hop beyond the hops', listed4(ack, { hops: members4, next: 5 }), 'malformed_hops'],
  ['a control message', listed4(ack, { hops: members4, first: '25' }), 'malformed_gue'],
  ['GUE of variant 1 at this port', outer4('11', udp(ack, 19523)), 'malformed_gue'],
  ['a list that goes beyond the packet', outer4('11', udp('0504000000000004', 19523)), 'truncated'],
  ['a list behind which nothing comes', listed4('', { hops: members4 }), 'truncated'],
  [
    'a list that claims to come from where it is',
    listed4(ack, { hops: members4, next: 1 }, { addresses: '0a0000150a000015' }),
    'hop_loop',
  ],
  ['a next hop that is no peer', listed4(ack, { hops: ['c0000201'] }), 'hop_not_a_peer'],
  ['a next hop that nobody has resolved', listed4(ack, { hops: ['0a000021'] }), 'hop_no_neighbour'],
  ['the last of its TTL', listed4(ack, { hops: members4 }, { ttl: '01' }), 'hop_ttl'],
  ['the last of its hop limit', listed6(ack, { hops: members6 }, { ttl: '01' }), 'hop_ttl'],
];
for (const [title, frame, name] of refused) {
  testAsRoot(`${title} is dropped and counted as ${name}`, (t) => {
    const { result, counted } = run(frame);
    t.deepEqual([result, counted], [XDP_DROP, [name]]);
  });
}

const A = '0a000015';
const [B, C] = members4;
const repeated: readonly (readonly [readonly string[], number, string, number | undefined])[] = [
  // Hops, the next, the source, and the index afterwards; none where this host, A, takes the packet.
  [[B, A, B], 0, '0a00000b', 1],
  [[B, B, A], 0, '0a00000b', 1],
  [[B, C, A], 0, '0a00000b', 1],
  [[A, C, A], 1, B, 2],
  [[A, B, A], 1, B, undefined],
  [[A, A, B], 1, B, undefined],
  [[B, A, B, C], 2, B, 4],
  [[B, A, B], 2, C, undefined],
];
for (const [hops, next, source, after] of repeated) {
  const whose = after === undefined ? 'stays here' : `goes to hop ${after - 1}`;
  testAsRoot(`a list of ${hops} at ${next}, from ${source}, ${whose}`, (t) => {
    const { frame, counted } = run(listed4(ack, { hops, next }, { addresses: `${source}${A}` }));
    if (after === undefined) {
      t.deepEqual(counted, ['second_chance_ipv4', 'accepted_last_hop']);
      return;
    }
    t.deepEqual(counted, ['redirected']);
    const addresses = `${A}${hops[after - 1]}`;
    t.is(frame.slice(28), listed4(ack, { hops, next: after }, { addresses, ttl: '3f' }).slice(28));
  });
}

testAsRoot('a packet for no VIP of this host is left alone, known or not, and not sent on', (t) => {
  const elsewhere = ack.replace('c633640a', 'c633640b');
  t.not(elsewhere, ack);
  const { result, counted } = run(listed4(elsewhere, { hops: members4 }));
  t.deepEqual([result, counted], [XDP_PASS, ['not_a_vip']]);
});

testAsRoot('a next hop that only the default route led to is dropped when that is gone, and so is a broadcast', (t) => {
  using remote = new Decapsulation({
    vips: ['198.51.100.10'],
    enabled: ['second_chance'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: GUE_HOPS_UDP_PORT,
    peers: ['0.0.0.0/0'].map((text) => parseNetwork(text) as Network),
  });
  sh('ip route del default via 10.0.0.1');
  t.is(remote.testRun(bytesOf(listed4(ack, { hops: ['cb007101'] }))).result, XDP_DROP);
  t.is(remote.counts().hop_no_route, 1);
  t.is(remote.testRun(bytesOf(listed4(ack, { hops: ['0a0000ff'] }))).result, XDP_DROP);
  t.is(remote.counts().hop_no_route, 2);
  sh('ip route add default via 10.0.0.1');
});

testAsRoot('a next hop without a route is dropped and counted as hop_no_route', (t) => {
  sh('ip route add unreachable 10.0.0.64/26');
  const { result, counted } = run(listed4(ack, { hops: ['0a000041'] }));
  t.deepEqual([result, counted], [XDP_DROP, ['hop_no_route']]);
  sh('ip route del unreachable 10.0.0.64/26');
});

testAsRoot('a next hop that nobody has resolved is named to user space, once', (t) => {
  program.takeUnresolvedHops();
  run(listed4(ack, { hops: ['0a000021'] }));
  run(listed6(ack, { hops: [`fd${'00'.repeat(14)}33`] }));
  t.deepEqual(
    program.takeUnresolvedHops().map(({ address }) => address),
    ['10.0.0.33', 'fd00::33'],
  );
  t.deepEqual(program.takeUnresolvedHops(), []);
});

testAsRoot('no cut of a packet with a list is sent on beyond its end or makes the program abort', (t) => {
  for (const { listed, members } of outerFamilies) {
    for (const { protocol, packet } of innerFamilies) {
      const frame = listed(asAck(packet), { protocol, hops: members });
      for (let bytes = 14; bytes < frame.length / 2; bytes++) {
        const { result, frame: out } = run(frame.slice(0, 2 * bytes));
        t.true(result === XDP_DROP || result === XDP_PASS || result === XDP_REDIRECT, `${bytes} bytes gave ${result}`);
        t.true(out.length <= 2 * bytes);
      }
    }
  }
});

testAsRoot('whatever a list says, one packet goes to one peer, with the index raised', (t) => {
  let redirected = 0;
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...members4, '0a000015', 'c0000201'), { maxLength: 5 }),
      fc.nat(6),
      fc.option(fc.nat(6), { nil: undefined, freq: 1 }),
      (hops, next, count) => {
        const { result, frame } = run(listed4(ack, { hops, next, ...(count === undefined ? {} : { count }) }));
        t.true(result === XDP_DROP || result === XDP_PASS || result === XDP_REDIRECT);
        if (result !== XDP_REDIRECT) return;
        redirected++;
        const raised = Buffer.from(frame, 'hex').readUInt8(48);
        t.true(raised > next && raised <= hops.length);
        const hop = hops[raised - 1] as string;
        t.true((members4 as readonly string[]).includes(hop));
        const list = { hops, next: raised };
        t.is(frame.slice(28), listed4(ack, list, { ttl: '3f', addresses: `0a000015${hop}` }).slice(28));
      },
    ),
    { seed: 1, numRuns: 2000 },
  );
  t.true(redirected > 50, `${redirected} of 2000 lists were good enough to be followed`);
});

// The last: a link that goes down forgets its neighbours.
testAsRoot('a next hop whose interface is down is dropped and counted as hop_no_route', (t) => {
  sh('ip route del default via 10.0.0.1');
  sh('ip link set eth0 down');
  const { result, counted } = run(listed4(ack, { hops: ['0a000021'] }));
  sh('ip link set eth0 up');
  sh('ip route replace default via 10.0.0.1');
  t.deepEqual([result, counted], [XDP_DROP, ['hop_no_route']]);
});
