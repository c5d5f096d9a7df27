import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { addressToBytes, decodeFlowImage, encodeFlowImage, type FlowImage, flowHash, IpProtocol } from '@weir/packet';
import test, { type ExecutionContext } from 'ava';
import type { Counters, ForwardingService, ForwardingTables } from '../dataplane.js';
import type { FlowSharing, MissedPacket } from '../flow-sharing.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { forwarded4, forwarded6, gue, outer4, outer6, syn4, syn6 } from '../test-support/frames.js';
import { ip, isRoot } from '../test-support/private-namespaces.js';
import { readPortableCounters } from './counters-socket.js';
import { networkCommand } from './network-command.js';
import { PortableDataplane } from './portable-dataplane.js';
import {
  backends,
  clients,
  locals,
  type PortableLab,
  sources,
  startPortableLab,
  vips,
} from './test-support/portable-lab.js';

type Family = 4 | 6;

const testAsRoot = isRoot ? test.serial : test.serial.skip;
const families: readonly Family[] = [4, 6];
const interfaces = ['eth0', 'eth1'];
const hashSeed = 7n;
const nat: ForwardingMethod = { method: 'nat' };
const ipip: ForwardingMethod = { method: 'ipip' };
const gueOn6080: ForwardingMethod = { method: 'gue', port: 6080, header: 'gue' };
/** Exit code of curl; it would be 28 without an answer in time. */
const COULD_NOT_CONNECT = 7;
/** For an answer: the engine is in this process, which may stand still for a while. */
const TIMEOUT_S = 20;
let lab: PortableLab;
let plane: PortableDataplane;

test.before(async (t) => {
  if (!isRoot) return t.log('skipped: needs root, to make network namespaces');
  lab = await startPortableLab();
  plane = PortableDataplane.open({ interfaces });
});

test.after.always(async () => {
  await plane?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** http and echo of both families. */
function tablesOf(
  forwarding: ForwardingMethod,
  change: (family: Family) => Partial<ForwardingService> = () => ({}),
): ForwardingTables {
  const services = families.flatMap((family) =>
    (['tcp', 'udp'] as const).map((protocol) => ({
      listeners: [{ vip: vips[family], protocol, port: protocol === 'tcp' ? 80 : 7 }],
      forwarding,
      scheduling: { pick: 'hash', of: 'flow' } as const,
      backends: [{ address: backends[family] }],
      rows: [0],
      ...change(family),
    })),
  );
  return { services, sources, localAddresses: Object.values(locals), hashSeed };
}

const urlOf = (family: Family, path = '/') => `http://${family === 4 ? vips[4] : `[${vips[6]}]`}${path}`;
const curl = (...args: readonly string[]) => lab.client.output('curl', ['-sSg', '-m', String(TIMEOUT_S), ...args]);

/** Sends a datagram and prints how many bytes came back as they were. */
const echoed = (family: Family, bytes: number) => {
  const program = `import os, socket
s = socket.socket(socket.AF_INET${family === 6 ? '6' : ''}, socket.SOCK_DGRAM)
s.settimeout(${TIMEOUT_S})
s.connect(('${vips[family]}', 7))
sent = os.urandom(${bytes})
s.send(sent)
print(len(sent) if s.recv(65535) == sent else 'damaged')`;
  return lab.client.output('python3', ['-c', program]);
};

async function backendAnswers(t: ExecutionContext, family: Family, source: string): Promise<void> {
  t.is(await curl(urlOf(family)), source);
  t.is((await curl(urlOf(family, '/large'))).length, 3_000_000);
  t.is(await curl('--data-binary', 'x'.repeat(100_000), urlOf(family)), source);
  t.is(await echoed(family, 100), '100\n');
  t.is(await echoed(family, 4000), '4000\n');
}

for (const family of families) {
  testAsRoot(`nat: a server sees its client over IPv${family}, whole packets and fragments`, async (t) => {
    await plane.apply(tablesOf(nat));
    await backendAnswers(t, family, clients[family]);
  });

  testAsRoot(`fullnat: a server sees a local address over IPv${family}`, async (t) => {
    await plane.apply(tablesOf({ method: 'fullnat', toa: false }));
    await backendAnswers(t, family, locals[family]);
  });

  testAsRoot(`dr: a server that has the VIP itself answers over IPv${family}`, async (t) => {
    const length = family === 4 ? 32 : 128;
    lab.backend.ip(`addr add ${vips[family]}/${length} dev lo`);
    await plane.apply(tablesOf({ method: 'dr' }));
    await backendAnswers(t, family, clients[family]);
    lab.backend.ip(`addr del ${vips[family]}/${length} dev lo`);
  });

  testAsRoot(`a VIP of IPv${family} is pinged, and the kernel answers for ports that are no service`, async (t) => {
    ip(`route add unreachable ${vips[family]}`);
    await plane.apply(tablesOf(ipip));
    t.regex(
      await lab.client.output('ping', ['-c', '2', '-i', '0.2', '-W', String(TIMEOUT_S), vips[family]]),
      / 0% packet loss/,
    );
    const refused = await t.throwsAsync(curl(urlOf(family).replace(/\/$/, ':81/')));
    t.is((refused as { code?: unknown }).code, COULD_NOT_CONNECT);
    ip(`route del unreachable ${vips[family]}`);
  });

  testAsRoot(`a packet of IPv${family} on its last hop is answered by the node, and counted`, async (t) => {
    await plane.apply(tablesOf(nat));
    const before = (await plane.counters()).drops.ttl_expired;
    const trace = ['-n', '-T', '-p', '80', '-q', '1', '-w', String(TIMEOUT_S), '-m', '2', vips[family]];
    const hops = [...(await lab.client.output('traceroute', trace)).matchAll(/^ *\d+ +(\S+)/gm)].map(([, hop]) => hop);
    t.deepEqual(hops, [family === 4 ? sources.ipv4 : sources.ipv6, vips[family]]);
    t.is((await plane.counters()).drops.ttl_expired, before + 1);
  });
}

testAsRoot('a packet that does not fit the link to the backend is answered with the MTU that does', async (t) => {
  ip('link set eth1 mtu 1400');
  await plane.apply(tablesOf(ipip));
  const asked = [
    '-c',
    `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 2)
s.setsockopt(socket.IPPROTO_IP, 11, 1)
s.connect(('${vips[4]}', 7))
s.send(bytes(1372))
s.settimeout(${TIMEOUT_S})
try: s.recv(1)
except OSError as error: print(error.errno, s.getsockopt(socket.IPPROTO_IP, 14))`,
  ];
  t.is(await lab.client.output('python3', asked), '90 1380\n');
  t.is((await plane.counters()).drops.too_big, 1);
  lab.client.ip('route flush cache');
  ip('link set eth1 mtu 1500');
});

testAsRoot('nat: the port of the backend is another', async (t) => {
  await plane.apply(tablesOf(nat, (family) => ({ backends: [{ address: backends[family], port: 8080 }] })));
  t.is(await curl(urlOf(4)), clients[4]);
});

const hashOf = (family: Family) =>
  flowHash({ seed: hashSeed, source: addressToBytes(clients[family]), sourcePort: 1234, destinationPort: 80 });
const labelOf = (family: Family) => hashOf(family) & 0xfffff;
const gue4 = outer4('0048', '11', '265c') + gue(hashOf(4), '0034', '04') + forwarded4;
const gue6 = outer6(labelOf(6), '0048', '11') + gue(hashOf(6), '0048', '29') + forwarded6;

const encapsulations: readonly (readonly [string, Family, Family, ForwardingMethod, string])[] = [
  ['IPv4 in IPv4', 4, 4, ipip, outer4('003c', '04', '2675') + forwarded4],
  ['IPv6 in IPv4', 6, 4, ipip, outer4('0050', '29', '263c') + forwarded6],
  ['IPv4 in IPv6', 4, 6, ipip, outer6(labelOf(4), '0028', '04') + forwarded4],
  ['IPv6 in IPv6', 6, 6, ipip, outer6(labelOf(6), '003c', '29') + forwarded6],
  ['IPv4 in GUE in IPv4', 4, 4, gueOn6080, gue4],
  ['IPv6 in GUE in IPv6', 6, 6, gueOn6080, gue6],
];

for (const [title, inner, outer, forwarding, expected] of encapsulations) {
  testAsRoot(`${title}: the kernel sends the engine's bytes as they are`, async (t) => {
    await plane.apply(tablesOf(forwarding, () => ({ backends: [{ address: backends[outer] }] })));
    await lab.send(inner === 4 ? syn4 : syn6);
    t.is((await lab.seenByBackend.next()).value, expected);
  });
}

testAsRoot(
  'dr: a packet keeps its bytes but for one hop, and gets no random identification where it has 0',
  async (t) => {
    const toBackend = '0200000000aa0200000000bb0800';
    await plane.apply(tablesOf({ method: 'dr' }));
    await lab.send(syn4);
    t.is((await lab.seenByBackend.next()).value, toBackend + forwarded4);
    await lab.send(syn4.replace('00280007000040068e57', '00280000000040068e5e'));
    t.is(
      (await lab.seenByBackend.next()).value,
      toBackend + forwarded4.replace('0028000700003f068f57', '0028ffff00003f068f5e'),
    );
  },
);

testAsRoot('a frame for another machine, flooded by a switch, is not forwarded', async (t) => {
  await plane.apply(tablesOf(ipip));
  ip('link set eth0 promisc on');
  await lab.send(syn4.replace('0200000000bb', '0200000000bc').replace('00070000', '00080000'));
  await lab.send(syn4);
  t.is((await lab.seenByBackend.next()).value, outer4('003c', '04', '2675') + forwarded4);
  ip('link set eth0 promisc off');
});

testAsRoot('rows that are in force are told, and interfaces that are served', async (t) => {
  await plane.apply(tablesOf(ipip, () => ({ keptRows: [0] })));
  const table = plane.tablesInForce().get('198.51.100.10:80/tcp');
  t.deepEqual(table?.backends, [{ address: backends[4], port: 0 }]);
  t.deepEqual([...(table?.rows ?? [])], [0]);
  t.deepEqual(table?.keptRows, [0]);
  t.deepEqual(
    plane.attachments(),
    interfaces.map((name) => ({ interface: name, mode: 'portable', adopted: false })),
  );
});

testAsRoot('counters are told to other processes, and no longer than there is something to count', async (t) => {
  await plane[Symbol.asyncDispose]();
  const countersSocket = join(mkdtempSync(join(tmpdir(), 'weir-')), 'counters.sock');
  plane = PortableDataplane.open({ interfaces, countersSocket });
  await plane.apply(tablesOf(nat));
  await curl(urlOf(4));
  // The end of the connection may still be on its way: what is told between two equal readings is what they say.
  let before: Counters;
  let told: Counters;
  do {
    before = await plane.counters();
    told = await readPortableCounters(countersSocket);
  } while (!isDeepStrictEqual(before, await plane.counters()));
  t.deepEqual(told, before);
  await plane[Symbol.asyncDispose]();
  await t.throwsAsync(readPortableCounters(countersSocket), { code: 'COUNTERS_UNAVAILABLE' });
  rmSync(dirname(countersSocket), { recursive: true });
  plane = PortableDataplane.open({ interfaces });
});

/** Segments of connections that a data plane before had may still be on their way. */
async function missedDatagram(flows: FlowSharing): Promise<MissedPacket> {
  for (;;) {
    await flows.wait(new AbortController().signal);
    const datagram = flows.take().missed.find(({ image }) => decodeFlowImage(image)?.protocol === IpProtocol.udp);
    if (datagram !== undefined) return datagram;
  }
}

testAsRoot('a packet of an unknown flow waits for what user space finds out, and goes on to its backend', async (t) => {
  const sharing = { tellAfterMs: 0, takeoversPerSecond: 1000, datagrams: true, localAddresses: [] };
  await plane.apply({ ...tablesOf(nat), sharing });
  const { sharing: flows } = plane;
  const echo = echoed(4, 100);
  const packet = await missedDatagram(flows);
  const flow = packet.image.slice();
  const found = decodeFlowImage(flow) as FlowImage;
  const backend = { address: addressToBytes(backends[4]), port: 7 };
  encodeFlowImage({ ...found, kind: 'nat', state: 'datagram', backend }, flow);
  t.deepEqual(flows.settle([{ packet, flow }]), ['adopted']);
  t.is(await echo, '100\n');
  t.deepEqual([...flows.told()], [flow]);
  t.like(flows.counts(), { adopted: 1, lost: 0 });

  flows.forget(flow);
  t.deepEqual([...flows.told()], []);
});

testAsRoot('who waits for flows stops when it is told to', async (t) => {
  const abort = new AbortController();
  const waiting = plane.sharing.wait(abort.signal);
  abort.abort();
  await t.notThrowsAsync(waiting);
  t.like(plane.sharing.take(), { missed: [] });
});

testAsRoot('a device name that is taken is refused, and what holds it goes on', async (t) => {
  await plane.apply(tablesOf(nat));
  t.throws(() => PortableDataplane.open({ interfaces }), { code: 'TUN_BUSY', message: /weir0.*ip -d link show/ });
  t.is(await curl(urlOf(4)), clients[4]);
});

testAsRoot('an interface that is missing is named, and the others are served', async (t) => {
  await plane[Symbol.asyncDispose]();
  plane = PortableDataplane.open({ interfaces: ['eth0', 'eth1', 'eth9'] });
  await t.throwsAsync(plane.apply(tablesOf(nat)), { code: 'INTERFACE_MISSING', message: /"eth9"/ });
  t.is(await curl(urlOf(4)), clients[4]);
});

testAsRoot('filters that somebody took away come back with the next tables', async (t) => {
  await plane[Symbol.asyncDispose]();
  plane = PortableDataplane.open({ interfaces });
  await plane.apply(tablesOf(nat));
  await networkCommand('tc', ['qdisc', 'del', 'dev', 'eth0', 'clsact']);
  await plane.apply(tablesOf(nat));
  t.is(await curl(urlOf(4)), clients[4]);
});

testAsRoot('what a process left that was killed is taken away by the next', async (t) => {
  await plane[Symbol.asyncDispose]();
  const abandonedVip = /c6336463/;
  const child = await otherProcess();
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  t.regex(await filtersAt('eth0'), abandonedVip);

  plane = PortableDataplane.open({ interfaces });
  await plane.apply(tablesOf(nat));
  t.notRegex(await filtersAt('eth0'), abandonedVip);
  t.is(await curl(urlOf(4)), clients[4]);
});

testAsRoot('a process whose device somebody deletes ends and says so', async (t) => {
  await plane[Symbol.asyncDispose]();
  const child = await otherProcess();
  const exit = once(child, 'exit');
  ip('link del weir0');
  t.regex(await text(child.stderr), /"weir0" was deleted/);
  t.deepEqual(await exit, [1, null]);
  plane = PortableDataplane.open({ interfaces });
  await plane.apply(tablesOf(nat));
  t.is(await curl(urlOf(4)), clients[4]);
});

testAsRoot('after disposal nothing is left, and asking is refused', async (t) => {
  await plane[Symbol.asyncDispose]();
  t.false(ip('-o link show').includes('weir0'));
  for (const name of interfaces) t.notRegex(await networkCommand('tc', ['qdisc', 'show', 'dev', name]), /clsact/);
  await t.throwsAsync(plane.counters(), { code: 'DATAPLANE_CLOSED' });
  t.throws(() => plane.sharing.take(), { code: 'DATAPLANE_CLOSED' });
});

async function filtersAt(name: string): Promise<string> {
  return networkCommand('tc', ['filter', 'show', 'dev', name, 'ingress']);
}

/** Serves VIP 198.51.100.99 at both interfaces. */
async function otherProcess() {
  const program = `import { PortableDataplane } from ${JSON.stringify(new URL('./portable-dataplane.js', import.meta.url).href)};
    const plane = PortableDataplane.open({ interfaces: ['eth0', 'eth1'] });
    await plane.apply({ services: [{ listeners: [{ vip: '198.51.100.99', protocol: 'tcp', port: 80 }], forwarding: { method: 'nat' },
      scheduling: { pick: 'next' }, backends: [{ address: '10.0.0.21' }], rows: [0] }], sources: {}, hashSeed: 0n });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child.stdout, 'data');
  return child;
}
