import { execFileSync } from 'node:child_process';
import { addressToBytes, flowHash, rowOf } from '@weir/packet';
import test from 'ava';
import type { ForwardingTables, ServiceKey } from '../dataplane.js';
import type { DropReason } from '../drop-reason.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { bytesOf, forwarded4, forwarded6, gue, hexOf, outer4, outer6, syn4, syn6 } from '../test-support/frames.js';
import { enterPrivateNamespaces, ip, isRoot, linkPair } from '../test-support/private-namespaces.js';
import { XdpDataplane } from './xdp-dataplane.js';

const XDP_DROP = 1;
const XDP_PASS = 2;
const XDP_TX = 3;
const hashSeed = 7n;
const sources = { ipv4: '10.0.0.11', ipv6: 'fd00::11' };
const vips = { 4: '198.51.100.10', 6: '2001:db8:100::10' } as const;
const clients = { 4: '192.0.2.10', 6: '2001:db8:c::10' } as const;
const gueOn6080: ForwardingMethod = { method: 'gue', port: 6080, header: 'gue' };
const ipip: ForwardingMethod = { method: 'ipip' };

const testAsRoot = isRoot ? test.serial : test.serial.skip;
let plane: XdpDataplane;
let ifindex = 0;

test.before(async () => {
  if (!isRoot) return;
  enterPrivateNamespaces();
  await linkPair('eth0', 'peer0', '02:00:00:00:00:bb');
  ip('addr add 10.0.0.11/24 dev eth0');
  ip('-6 addr add fd00::11/64 dev eth0 nodad');
  ip('neigh add 10.0.0.21 lladdr 02:00:00:00:00:aa dev eth0');
  ip('neigh add 10.0.0.22 lladdr 02:00:00:00:00:ac dev eth0');
  ip('neigh add fd00::21 lladdr 02:00:00:00:00:aa dev eth0');
  setForwarding('1');
  ifindex = Number(ip('-o link show eth0').split(':')[0]);
  plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory: '/sys/fs/bpf/weir-test',
    limits: { services: 16, backends: 256, rows: 32 * 65537 },
  });
});

test.after.always(async () => plane?.[Symbol.asyncDispose]());

function setForwarding(value: string): void {
  for (const family of ['ipv4', 'ipv6']) execFileSync('sysctl', ['-qw', `net.${family}.conf.eth0.forwarding=${value}`]);
}

type ServiceInBrief = Partial<ForwardingTables['services'][number] & ServiceKey>;

function tablesOf(...services: readonly ServiceInBrief[]): ForwardingTables {
  return {
    services: services.map(({ vip = vips[4], protocol = 'tcp', port = 80, ...service }) => ({
      listeners: [{ vip, protocol, port }],
      forwarding: { method: 'ipip' },
      scheduling: { pick: 'hash', of: 'flow' },
      backends: [{ address: '10.0.0.21' }],
      rows: [0],
      ...service,
    })),
    sources,
    hashSeed,
  };
}

function run(frame: string) {
  const { result, packet } = plane.testRun(bytesOf(frame), { ingressIfindex: ifindex });
  return { result, frame: hexOf(packet) };
}

const hashOf = (family: 4 | 6) =>
  flowHash({ seed: hashSeed, source: addressToBytes(clients[family]), sourcePort: 1234, destinationPort: 80 });
const labelOf = (family: 4 | 6) => hashOf(family) & 0xfffff;

const encapsulations: readonly (readonly [string, 4 | 6, string, ForwardingMethod, string])[] = [
  ['IPv4 in IPv4', 4, '10.0.0.21', ipip, outer4('003c', '04', '2675') + forwarded4],
  ['IPv6 in IPv4', 6, '10.0.0.21', ipip, outer4('0050', '29', '263c') + forwarded6],
  ['IPv4 in IPv6', 4, 'fd00::21', ipip, outer6(labelOf(4), '0028', '04') + forwarded4],
  ['IPv6 in IPv6', 6, 'fd00::21', ipip, outer6(labelOf(6), '003c', '29') + forwarded6],
  [
    'IPv4 in GUE in IPv4',
    4,
    '10.0.0.21',
    gueOn6080,
    outer4('0048', '11', '265c') + gue(hashOf(4), '0034', '04') + forwarded4,
  ],
  [
    'IPv6 in GUE in IPv4',
    6,
    '10.0.0.21',
    gueOn6080,
    outer4('005c', '11', '2648') + gue(hashOf(6), '0048', '29') + forwarded6,
  ],
  [
    'IPv4 in GUE in IPv6',
    4,
    'fd00::21',
    gueOn6080,
    outer6(labelOf(4), '0034', '11') + gue(hashOf(4), '0034', '04') + forwarded4,
  ],
  [
    'IPv6 in GUE in IPv6',
    6,
    'fd00::21',
    gueOn6080,
    outer6(labelOf(6), '0048', '11') + gue(hashOf(6), '0048', '29') + forwarded6,
  ],
];

for (const [title, family, address, forwarding, expected] of encapsulations) {
  testAsRoot(`${title}: the packet leaves with one hop less in these outer headers`, async (t) => {
    await plane.apply(tablesOf({ vip: vips[family], backends: [{ address }], forwarding }));
    t.deepEqual(run(family === 4 ? syn4 : syn6), { result: XDP_TX, frame: expected });
  });
}

testAsRoot('a packet with IPv4 options is forwarded with them', async (t) => {
  await plane.apply(tablesOf({}));
  const options = '01010101';
  const tcp = syn4.slice(2 * 34);
  const frame = `${syn4.slice(0, 28)}462a002c0007000040068b51c000020ac633640a${options}${tcp}`;
  const inner = `462a002c000700003f068c51c000020ac633640a${options}${tcp}`;
  t.deepEqual(run(frame), { result: XDP_TX, frame: outer4('0040', '04', '2671') + inner });
});

testAsRoot('what Ethernet padded is not taken for part of the packet', async (t) => {
  await plane.apply(tablesOf({}));
  const { result, frame } = run(`${syn4}000000000000`);
  t.is(result, XDP_TX);
  t.true(frame.startsWith(outer4('003c', '04', '2675') + forwarded4));
});

testAsRoot('a packet for no service goes to the kernel untouched', async (t) => {
  await plane.apply(tablesOf({ port: 443 }));
  t.deepEqual(run(syn4), { result: XDP_PASS, frame: syn4 });
  t.deepEqual(run(syn6), { result: XDP_PASS, frame: syn6 });
});

testAsRoot('the service on a port comes before the one on all ports', async (t) => {
  await plane.apply(tablesOf({ port: 0, backends: [{ address: '10.0.0.22' }] }, { port: 80 }));
  t.is(run(syn4).frame.slice(0, 12), '0200000000aa');
  const toPort81 = syn4.replace('04d20050', '04d20051');
  t.is(run(toPort81).frame.slice(0, 12), '0200000000ac');
});

testAsRoot('a flow goes to the row that flowHash() and rowOf() name', async (t) => {
  const backends = Array.from({ length: 200 }, (_, i) => ({ address: `10.0.0.${i + 30}` }));
  const rows = Uint32Array.from({ length: 65537 }, (_, row) => (row * 7919) % 200);
  for (const { address } of backends) ip(`neigh replace ${address} lladdr 02:00:00:00:00:aa dev eth0`);
  await plane.apply(tablesOf({ backends, rows }));
  const frame = bytesOf(syn4);
  for (let port = 1024; port < 3024; port++) {
    new DataView(frame.buffer).setUint16(34, port);
    const hash = flowHash({
      seed: hashSeed,
      source: addressToBytes(clients[4]),
      sourcePort: port,
      destinationPort: 80,
    });
    const { packet } = plane.testRun(frame, { ingressIfindex: ifindex });
    t.is(packet[33], 30 + (rows[rowOf(hash, 65537)] as number));
  }
});

const drops: readonly (readonly [DropReason, string, string])[] = [
  ['truncated_ipv4', 'an IPv4 packet that is longer than its frame', syn4.slice(0, -2)],
  ['truncated_ipv4', 'a frame that ends in the IPv4 header', syn4.slice(0, 2 * 33)],
  ['malformed_ipv4', 'an IPv4 header of another version', syn4.replace('0800452a', '0800552a')],
  ['malformed_ipv4', 'an IPv4 header shorter than 20 bytes', syn4.replace('0800452a', '0800442a')],
  ['malformed_ipv4', 'an IPv4 packet shorter than its header', syn4.replace('452a0028', '452a0013')],
  ['truncated_ipv6', 'an IPv6 packet that is longer than its frame', syn6.slice(0, -2)],
  ['truncated_ipv6', 'a frame that ends in the IPv6 header', syn6.slice(0, 2 * 53)],
  ['malformed_ipv6', 'an IPv6 header of another version', syn6.replace('86dd62a', '86dd72a')],
  ['truncated_transport', 'a TCP header that does not fit the IPv4 packet', syn4.replace('452a0028', '452a0027')],
  ['truncated_transport', 'a TCP header that does not fit the IPv6 packet', syn6.replace('0014064020', '0013064020')],
  ['fragment_unknown', 'a later fragment whose first one was not seen', syn4.replace('000700004006', '000700024006')],
  ['extension_header', 'an extension header that is cut off', syn6.replace('0014064020', '00143c4020')],
];

for (const [reason, title, frame] of drops) {
  testAsRoot(`${title} is dropped and counted as ${reason}`, async (t) => {
    await plane.apply(tablesOf({}, { vip: vips[6] }));
    const before = (await plane.counters()).drops;
    t.deepEqual(run(frame), { result: XDP_DROP, frame });
    t.deepEqual((await plane.counters()).drops, { ...before, [reason]: before[reason] + 1 });
  });
}

testAsRoot('fragments and extension headers for other addresses go to the kernel', async (t) => {
  await plane.apply(tablesOf({ vip: '198.51.100.99' }));
  for (const frame of [syn4.replace('000700004006', '000720004006'), syn6.replace('0014064020', '00143c4020')]) {
    t.is(run(frame).result, XDP_PASS);
  }
});

testAsRoot('an IPv6 packet to the IPv4 VIP, written as a mapped address, goes to the kernel', async (t) => {
  await plane.apply(tablesOf({}));
  const mapped = syn6.replace('20010db8010000000000000000000010', `${'0'.repeat(20)}ffffc633640a`);
  t.not(mapped, syn6);
  t.deepEqual(run(mapped), { result: XDP_PASS, frame: mapped });
});

testAsRoot('a service whose backends all have weight 0 drops as no_backend', async (t) => {
  await plane.apply(tablesOf({ rows: [] }));
  const before = (await plane.counters()).drops.no_backend;
  t.is(run(syn4).result, XDP_DROP);
  t.is((await plane.counters()).drops.no_backend, before + 1);
});

const unreachable: readonly (readonly [DropReason, string, string])[] = [
  ['no_neighbour', 'a backend whose MAC address is not resolved', '10.0.0.250'],
  ['no_route', 'a backend that no route leads to', '172.31.0.1'],
];
for (const [reason, title, address] of unreachable) {
  testAsRoot(`${title} drops as ${reason}`, async (t) => {
    await plane.apply(tablesOf({ backends: [{ address }] }));
    const before = (await plane.counters()).drops[reason];
    t.is(run(syn4).result, XDP_DROP);
    t.is((await plane.counters()).drops[reason], before + 1);
  });
}

testAsRoot(
  'a packet that fits the MTU only before encapsulation is answered, with the MTU that would fit',
  async (t) => {
    await plane.apply(tablesOf({}));
    const before = (await plane.counters()).drops.too_big;
    const ofBytes = (bytes: number) => {
      const frame = new Uint8Array(14 + bytes);
      frame.set(bytesOf(syn4));
      new DataView(frame.buffer).setUint16(16, bytes);
      return hexOf(frame);
    };
    t.is(run(ofBytes(1480)).frame.slice(0, 12), '0200000000aa');
    t.is((await plane.counters()).drops.too_big, before);
    const answer = run(ofBytes(1481));
    t.is(answer.result, XDP_TX);
    // To whom the frame came from, from the VIP to the client: unreachable, fragmentation needed, MTU 1480.
    t.is(answer.frame.slice(0, 28), '02000000000102000000' + '00bb0800');
    t.is(answer.frame.slice(52, 68), 'c633640ac000020a');
    t.is(answer.frame.slice(68, 72), '0304');
    t.is(answer.frame.slice(76, 84), '000005c8');
    t.is(answer.frame.length / 2, 14 + 576);
    t.is((await plane.counters()).drops.too_big, before + 1);
  },
);

testAsRoot('a packet on its last hop is answered with time exceeded, from the node', async (t) => {
  await plane.apply(tablesOf({}, { vip: vips[6] }));
  const before = (await plane.counters()).drops.ttl_expired;
  const answer4 = run(syn4.replace('40068e57', '01068e57'));
  t.is(answer4.result, XDP_TX);
  t.is(answer4.frame.slice(52, 72), '0a00000bc000020a0b00');
  const answer6 = run(syn6.replace('0014064020', '0014060120'));
  t.is(answer6.result, XDP_TX);
  t.is(answer6.frame.slice(44, 76), 'fd000000000000000000000000000011');
  t.is(answer6.frame.slice(108, 112), '0300');
  t.is((await plane.counters()).drops.ttl_expired, before + 2);
});

testAsRoot('another MAC address of the next hop is used within two seconds', async (t) => {
  await plane.apply(tablesOf({}));
  t.is(run(syn4).frame.slice(0, 12), '0200000000aa');
  ip('neigh replace 10.0.0.21 lladdr 02:00:00:00:00:ad dev eth0');
  t.teardown(() => ip('neigh replace 10.0.0.21 lladdr 02:00:00:00:00:aa dev eth0'));
  const deadline = performance.now() + 2000;
  for (;;) {
    const isLast = performance.now() > deadline;
    if (run(syn4).frame.slice(0, 12) === '0200000000ad') return t.pass();
    if (isLast) return t.fail('the old address is still in use');
    await new Promise((resolve) => setImmediate(resolve));
  }
});

testAsRoot('no cut of a packet makes the program abort or forward', async (t) => {
  await plane.apply(tablesOf({}, { vip: vips[6] }));
  for (const frame of [syn4, syn6]) {
    for (let bytes = 14; bytes < frame.length / 2; bytes++) {
      const { result } = run(frame.slice(0, 2 * bytes));
      t.true(result === XDP_DROP || (result === XDP_PASS && bytes === 14), `${bytes} bytes gave ${result}`);
    }
  }
});

testAsRoot(
  'packets and bytes are counted by backend, and a backend that is gone still counts for its service',
  async (t) => {
    const vip = '198.51.100.10';
    await plane.apply(tablesOf());
    await plane.apply(tablesOf({ vip }));
    run(syn4);
    run(syn4);
    const [count] = (await plane.counters()).services;
    t.like(count, { vip, packets: 2, bytes: 80, backends: [{ address: '10.0.0.21', packets: 2, bytes: 80 }] });
    await plane.apply(tablesOf({ vip, backends: [{ address: '10.0.0.22' }] }));
    run(syn4);
    const [after] = (await plane.counters()).services;
    t.like(after, { packets: 3, bytes: 120, backends: [{ address: '10.0.0.22', packets: 1, bytes: 40 }] });
  },
);
