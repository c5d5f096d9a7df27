import { execFileSync } from 'node:child_process';
import test from 'ava';
import { defaultFlowTimeouts } from '../dataplane.js';
import { bytesOf, syn4 } from '../test-support/frames.js';
import { enterNodeOnLink } from '../test-support/node-on-link.js';
import { ip, isRoot } from '../test-support/private-namespaces.js';
import { WAYS_OUT_MAX } from './layout.js';
import { XdpDataplane } from './xdp-dataplane.js';

const XDP_TX = 3;
/** In the frame: addresses, ports, flags. */
const Offset = { source: 26, destination: 30, sourcePort: 34, destinationPort: 36, flags: 47 } as const;
const SYN_ACK = 0x12;
/** All on the link, each its own next hop: more than there are numbers for. */
const clients = Array.from({ length: WAYS_OUT_MAX + 200 }, (_, i) => i + 2);
const testAsRoot = isRoot ? test.serial : test.serial.skip;
let ifindex = 0;

test.before(async () => {
  if (!isRoot) return;
  ifindex = await enterNodeOnLink(1);
  ip('addr add 10.1.0.1/16 dev eth0');
  execFileSync('ip', ['-batch', '-'], {
    input: clients
      .map((client) => `neigh add ${addressOf(client).join('.')} lladdr ${macOf(client, 1)} dev eth0\n`)
      .join(''),
  });
});

function addressOf(client: number): number[] {
  return [10, 1, client >> 8, client & 255];
}

function macOf(client: number, card: number): string {
  return [2, card, 0, 0, client >> 8, client & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Where what the frame becomes is sent to; undefined: nowhere. */
function destinationMac(plane: XdpDataplane, frame: Uint8Array): string | undefined {
  const { result, packet } = plane.testRun(frame, { ingressIfindex: ifindex });
  return result === XDP_TX
    ? Buffer.from(packet.subarray(0, 6))
        .toString('hex')
        .replace(/..(?!$)/g, '$&:')
    : undefined;
}

function openConnection(plane: XdpDataplane, client: number): boolean {
  const frame = bytesOf(syn4);
  frame.set(addressOf(client), Offset.source);
  return destinationMac(plane, frame) !== undefined;
}

function answer(plane: XdpDataplane, client: number): string | undefined {
  const frame = bytesOf(syn4);
  const ports = frame.slice(Offset.sourcePort, Offset.sourcePort + 4);
  frame.set([10, 0, 0, 21], Offset.source);
  frame.set(addressOf(client), Offset.destination);
  frame.set([...ports.subarray(2), ...ports.subarray(0, 2)], Offset.sourcePort);
  frame[Offset.flags] = SYN_ACK;
  return destinationMac(plane, frame);
}

testAsRoot(
  'answers go to the next hop of their client, also where there are more than numbers, and follow it',
  async (t) => {
    await using plane = XdpDataplane.open({
      interfaces: [],
      mode: 'auto',
      pinDirectory: '/sys/fs/bpf/ways-out',
      limits: { services: 4, backends: 16, rows: 64, flows: 65_536 },
      clock: 'manual',
    });
    await plane.apply({
      services: [
        {
          listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
          forwarding: { method: 'nat' },
          scheduling: { pick: 'next' },
          backends: [{ address: '10.0.0.21' }],
          rows: [0],
        },
      ],
      sources: { ipv4: '10.0.0.11' },
      hashSeed: 1n,
      timeouts: defaultFlowTimeouts,
    });
    const answers = (to: readonly number[]) => to.map((client) => answer(plane, client));
    t.true(clients.every((client) => openConnection(plane, client)));
    const expected = clients.map((client) => macOf(client, 1));
    // The second time most of them have a number.
    for (const _ of ['asked for', 'known']) {
      t.deepEqual(answers(clients), expected);
    }
    for (const client of clients.slice(0, 2)) {
      ip(`neigh replace ${addressOf(client).join('.')} lladdr ${macOf(client, 2)} dev eth0`);
    }
    t.is(answer(plane, clients[0] as number), macOf(clients[0] as number, 1), 'the answer of this second stands');
    plane.setClock(1);
    t.deepEqual(
      answers(clients.slice(0, 3)),
      clients.slice(0, 3).map((client, i) => macOf(client, i < 2 ? 2 : 1)),
    );
    // Another CPU may still see the tick before: what was given in this one is nobody else's for it. The first clients have numbers.
    const [early, late] = [clients.slice(3, 40), clients.slice(40)];
    const toEarly = early.map((client) => macOf(client, 1));
    plane.setClock(2);
    t.deepEqual(answers(early), toEarly);
    plane.setClock(1);
    answers(late);
    plane.setClock(2);
    t.deepEqual(answers(early), toEarly);
    // Numbers that have rested are given to others.
    plane.setClock(10);
    t.deepEqual(
      answers([...clients].reverse()),
      [...clients].reverse().map((client) => macOf(client, client < (clients[2] as number) ? 2 : 1)),
    );
  },
);
