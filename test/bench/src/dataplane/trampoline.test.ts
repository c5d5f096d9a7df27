import test from 'ava';
import { flowPacket, writeFlow } from './flow-packet.js';
import { Trampoline } from './trampoline.js';
import { XdpAction } from './xdp-action.js';

const LOOPBACK = 1;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs need root\n');

function lastOf(trampoline: Trampoline, sequence: Parameters<Trampoline['repeat']>[1]['sequence'], packets: number) {
  const common = { ingressIfindex: LOOPBACK, verdict: XdpAction.pass };
  return new Uint8Array(trampoline.repeat(trampoline.nothingFd, { sequence, packets, ...common }).packet);
}

for (const vip of ['198.51.100.10', '2001:db8:100::10']) {
  testAsRoot(`packets to ${vip} are of one flow after the other, and of the first one after the last`, (t) => {
    using trampoline = new Trampoline();
    const packet = flowPacket('tcp-ack', vip, 80);
    const expected = packet.bytes.slice();
    writeFlow(expected, packet, 39);
    t.deepEqual(lastOf(trampoline, { packet, flows: 100 }, 40), expected);
    t.deepEqual(lastOf(trampoline, { packet, flows: 100 }, 140), expected);
    t.deepEqual(lastOf(trampoline, { packet, flows: 1000, first: 30 }, 10), expected);
    t.deepEqual(lastOf(trampoline, { packet, flows: 1 }, 40), packet.bytes);
  });
}

testAsRoot('answers have the addresses and ports that they are given', (t) => {
  using trampoline = new Trampoline();
  const { bytes } = flowPacket('tcp-ack', '198.51.100.10', 80);
  const tuples = [1, 2, 3].map((flow) => new Uint8Array(12).fill(flow));
  const expected = bytes.slice();
  expected.fill(2, 26, 38);
  t.deepEqual(lastOf(trampoline, { bytes, tuples: { offset: 26, tuples } }, 5), expected);
});

testAsRoot('a program that ends with another action than what was to be measured is no figure', (t) => {
  using trampoline = new Trampoline();
  const sequence = { packet: flowPacket('udp', '198.51.100.10', 80), flows: 1 };
  const wanted = { sequence, packets: 1, ingressIfindex: LOOPBACK, verdict: XdpAction.tx };
  t.throws(() => trampoline.packetNs(trampoline.nothingFd, wanted), { code: 'BENCH_VERDICT_UNEXPECTED' });
});
