import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { ForwardingTables, ServiceKey } from '../dataplane.js';
import { BpfObject } from '../libbpf/bpf-object.js';
import { bytesOf, syn4 } from '../test-support/frames.js';
import { enterPrivateNamespaces, ip, isRoot, linkPair } from '../test-support/private-namespaces.js';
import { readCounters } from './read-counters.js';
import { XdpDataplane, type XdpDataplaneOptions } from './xdp-dataplane.js';

const XDP_DROP = 1;
const XDP_PASS = 2;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
const limits = { services: 8, backends: 64, rows: 16 * 251 };
let directories = 0;

test.before(async () => {
  if (!isRoot) return;
  enterPrivateNamespaces();
  await linkPair('eth0', 'peer0', '02:00:00:00:00:bb');
  ip('addr add 10.0.0.11/24 dev eth0');
});

function optionsOf(options: Partial<XdpDataplaneOptions> = {}): XdpDataplaneOptions {
  return { interfaces: ['eth0'], mode: 'auto', pinDirectory: `/sys/fs/bpf/test-${directories++}`, limits, ...options };
}

const backends = (...last: readonly number[]) => last.map((byte) => ({ address: `10.0.0.${byte}` }));
const rowsOf = (length: number, members: number) => Uint32Array.from({ length }, (_, row) => row % members);

type ServiceInBrief = Partial<ForwardingTables['services'][number] & ServiceKey>;

function tablesOf(...services: readonly ServiceInBrief[]): ForwardingTables {
  return {
    services: services.map(({ vip = '198.51.100.10', protocol = 'tcp', port = 80, ...service }) => ({
      listeners: [{ vip, protocol, port }],
      forwarding: { method: 'ipip' },
      scheduling: { pick: 'hash', of: 'flow' },
      backends: backends(21, 22),
      rows: rowsOf(251, 2),
      ...service,
    })),
    sources: { ipv4: '10.0.0.11' },
    hashSeed: 1n,
  };
}

const nothing = {
  servicesAdded: 0,
  servicesRemoved: 0,
  backendsAdded: 0,
  backendsRemoved: 0,
  rowsMoved: 0,
  rowsWritten: 0,
};

testAsRoot('applying the same tables twice changes nothing the second time', async (t) => {
  await using plane = XdpDataplane.open(optionsOf({ interfaces: [] }));
  t.deepEqual(await plane.apply(tablesOf({})), {
    ...nothing,
    servicesAdded: 1,
    backendsAdded: 2,
    rowsWritten: 251 - 126,
  });
  t.deepEqual(await plane.apply(tablesOf({})), nothing);
});

testAsRoot('a row that moves is written into the spare table, and back at the cost of that row', async (t) => {
  await using plane = XdpDataplane.open(optionsOf({ interfaces: [] }));
  await plane.apply(tablesOf({}));
  const moved = rowsOf(251, 2);
  moved[7] = 0;
  t.like(await plane.apply(tablesOf({ rows: moved })), { rowsMoved: 1, backendsAdded: 0, backendsRemoved: 0 });
  t.deepEqual(await plane.apply(tablesOf({})), { ...nothing, rowsMoved: 1, rowsWritten: 0 });
  t.deepEqual(await plane.apply(tablesOf({ rows: moved })), { ...nothing, rowsMoved: 1, rowsWritten: 0 });
});

testAsRoot('tables outlive the process that wrote them, and the next one takes them over', async (t) => {
  const options = optionsOf();
  {
    await using first = XdpDataplane.open(options);
    t.deepEqual(first.origin, { kind: 'new' });
    await first.apply(tablesOf({}, { vip: '2001:db8::1', port: 443 }));
    t.deepEqual(first.attachments(), [{ interface: 'eth0', mode: 'native', adopted: false }]);
  }
  t.regex(ip('link show eth0'), /prog\/xdp/);
  {
    await using second = XdpDataplane.open(options);
    t.deepEqual(second.origin, { kind: 'taken over' });
    t.deepEqual(await second.apply(tablesOf({}, { vip: '2001:db8::1', port: 443 })), nothing);
    t.deepEqual(second.attachments(), [{ interface: 'eth0', mode: 'native', adopted: true }]);
  }
  XdpDataplane.remove(options.pinDirectory);
  t.notRegex(ip('link show eth0'), /prog\/xdp/);
  t.false(existsSync(options.pinDirectory));
});

testAsRoot('tables of another size are not taken over: new ones are filled and the program is exchanged', async (t) => {
  const options = optionsOf();
  {
    await using first = XdpDataplane.open(options);
    await first.apply(tablesOf({}));
  }
  {
    await using second = XdpDataplane.open({ ...options, limits: { ...limits, backends: 128 } });
    t.like(second.origin, { kind: 'new', unfit: `map backends has 64 elements of 64 bytes, not 128 of 64` });
    t.like(await second.apply(tablesOf({})), { servicesAdded: 1 });
    t.like(second.attachments()[0], { adopted: true });
  }
  await using third = XdpDataplane.open({ ...options, limits: { ...limits, backends: 128 } });
  t.deepEqual(third.origin, { kind: 'taken over' });
  XdpDataplane.remove(options.pinDirectory);
});

testAsRoot('an interface that is no longer wanted is let go of at the next start', async (t) => {
  const options = optionsOf();
  {
    await using first = XdpDataplane.open(options);
    await first.apply(tablesOf({}));
  }
  await using second = XdpDataplane.open({ ...options, interfaces: [] });
  await second.apply(tablesOf({}));
  t.deepEqual(readdirSync(`${options.pinDirectory}/links`), []);
  t.notRegex(ip('link show eth0'), /prog\/xdp/);
  XdpDataplane.remove(options.pinDirectory);
});

testAsRoot('an interface that is made anew is served again by the next apply', async (t) => {
  await linkPair('eth9', 'peer9', '02:00:00:00:00:99');
  const options = optionsOf({ interfaces: ['eth9'] });
  await using plane = XdpDataplane.open(options);
  await plane.apply(tablesOf({}));
  ip('link del eth9');
  await t.throwsAsync(plane.apply(tablesOf({})), {
    code: 'INTERFACE_MISSING',
    message: /interface "eth9" does not exist/,
  });
  t.deepEqual(plane.attachments(), []);
  await linkPair('eth9', 'peer9', '02:00:00:00:00:99');
  await plane.apply(tablesOf({}));
  t.regex(ip('link show eth9'), /prog\/xdp/);
  XdpDataplane.remove(options.pinDirectory);
});

testAsRoot('auto falls back to generic mode where the driver refuses, and says with what', async (t) => {
  await linkPair('jumbo0', 'jumbo1', '02:00:00:00:00:77');
  ip('link set jumbo1 mtu 9000');
  ip('link set jumbo0 mtu 9000');
  const options = optionsOf({ interfaces: ['jumbo0'] });
  await using plane = XdpDataplane.open(options);
  await plane.apply(tablesOf({}));
  t.like(plane.attachments()[0], { mode: 'generic', adopted: false });
  t.truthy(plane.attachments()[0]?.nativeRefusedWith);
  XdpDataplane.remove(options.pinDirectory);
  await using strict = XdpDataplane.open({ ...options, mode: 'native' });
  await t.throwsAsync(strict.apply(tablesOf({})), {
    code: 'XDP_ATTACH_REFUSED',
    message: /interface jumbo0 refuses XDP in native mode .*mode "auto" falls back to generic/,
  });
  XdpDataplane.remove(options.pinDirectory);
});

testAsRoot("an interface with somebody else's XDP program is not taken from them", async (t) => {
  const [mine, theirs] = [optionsOf(), optionsOf()];
  await using other = XdpDataplane.open(theirs);
  await other.apply(tablesOf({}));
  await using plane = XdpDataplane.open(mine);
  await t.throwsAsync(plane.apply(tablesOf({})), { code: 'XDP_BUSY', message: /eth0 already carries an XDP program/ });
  XdpDataplane.remove(mine.pinDirectory);
  XdpDataplane.remove(theirs.pinDirectory);
});

testAsRoot('more than the tables hold is refused whole', async (t) => {
  await using plane = XdpDataplane.open(optionsOf({ interfaces: [] }));
  await plane.apply(tablesOf({}));
  const many = Array.from({ length: 65 }, (_, i) => ({ address: `10.0.1.${i}` }));
  await t.throwsAsync(plane.apply(tablesOf({ backends: many, rows: rowsOf(251, 65) })), {
    code: 'TABLES_TOO_LARGE',
    message: /the tables hold 64 backends/,
  });
  const ports = Array.from({ length: 9 }, (_, i) => ({ port: 8000 + i }));
  await t.throwsAsync(plane.apply(tablesOf(...ports)), { message: /the tables hold 8 services/ });
  t.deepEqual(await plane.apply(tablesOf({})), nothing);
});

const invalid: readonly (readonly [string, ServiceInBrief, RegExp])[] = [
  ['a VIP that is no address', { vip: '198.51.100' }, /"198\.51\.100" is not an IP address/],
  ['a port out of range', { port: 65536 }, /port 65536 is not between 0 and 65535/],
  ['a row that names no backend', { rows: [2] }, /row 0 names backend 2 of 2/],
  ['the same backend twice', { backends: backends(21, 21) }, /backend 10\.0\.0\.21 is given twice/],
  [
    'a backend of a family without source address',
    { backends: [{ address: 'fd00::21' }], rows: [0] },
    /fd00::21 needs an IPv6 source address/,
  ],
];
for (const [title, service, message] of invalid) {
  testAsRoot(`${title} is refused by name`, async (t) => {
    await using plane = XdpDataplane.open(optionsOf({ interfaces: [] }));
    await t.throwsAsync(plane.apply(tablesOf(service)), { code: 'TABLES_INVALID', message });
  });
}

testAsRoot('services come and go by the thousand without a slot lost', async (t) => {
  await using plane = XdpDataplane.open(
    optionsOf({ interfaces: [], limits: { services: 512, backends: 1024, rows: 1024 * 11 } }),
  );
  const all = Array.from({ length: 400 }, (_, i) => ({
    vip: `198.51.${100 + (i >> 8)}.${i & 255}`,
    port: 1 + i,
    rows: rowsOf(11, 2),
  }));
  for (let round = 0; round < 5; round++) {
    const some = all.filter((_, i) => i % 5 !== round);
    await plane.apply(tablesOf(...some));
    t.is((await plane.counters()).services.length, some.length);
  }
});

testAsRoot('a program that the verifier refuses is shown with the last lines of its log', (t) => {
  using object = new BpfObject(fileURLToPath(new URL('../../obj/refused.bpf.o', import.meta.url)));
  t.throws(() => object.load(), {
    code: 'BPF_LOAD_REFUSED',
    message: /the verifier's last lines:[\s\S]*invalid access to packet/,
  });
});

test('an object file that is missing is named', (t) => {
  t.throws(() => new BpfObject('/nowhere/weir.bpf.o'), {
    code: 'BPF_OBJECT_MISSING',
    message: /\/nowhere\/weir\.bpf\.o does not exist/,
  });
});

testAsRoot('a directory outside a BPF file system is refused', (t) => {
  t.throws(() => XdpDataplane.open(optionsOf({ pinDirectory: '/tmp/weir-no-bpffs' })), {
    code: 'BPF_FILESYSTEM',
    message: /not on a BPF file system; choose a directory below \/sys\/fs\/bpf/,
  });
});

testAsRoot('without permission the error says which capabilities are needed', (t) => {
  const script = `import { BpfObject } from ${JSON.stringify(new URL('../libbpf/bpf-object.js', import.meta.url).href)};
    try { new BpfObject(${JSON.stringify(fileURLToPath(new URL('../../obj/weir.bpf.o', import.meta.url)))}).load(); }
    catch (error) { console.log(error.code, error.message); }`;
  const { stdout } = spawnSync(
    'setpriv',
    ['--bounding-set=-all', '--inh-caps=-all', process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  t.regex(stdout, /BPF_NOT_PERMITTED .* run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON/);
});

testAsRoot('a process that is killed between two stores leaves tables that the next one mends', async (t) => {
  const options = optionsOf({ interfaces: [] });
  const script = `import { XdpDataplane } from ${JSON.stringify(new URL('./xdp-dataplane.js', import.meta.url).href)};
    import { TableMemory } from ${JSON.stringify(new URL('./table-memory.js', import.meta.url).href)};
    const plane = XdpDataplane.open(${JSON.stringify(options)});
    const tables = (last) => ({ services: [{ listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
      forwarding: { method: 'ipip' }, scheduling: { pick: 'hash', of: 'flow' },
      backends: [{ address: '10.0.0.' + last }], rows: new Uint32Array(251) }], sources: { ipv4: '10.0.0.11' }, hashSeed: 1n });
    await plane.apply(tables(21));
    TableMemory.prototype.setTable = () => process.kill(process.pid, 'SIGKILL');
    await plane.apply(tables(22));`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  t.is(signal, 'SIGKILL');
  await using plane = XdpDataplane.open(options);
  t.deepEqual(plane.origin, { kind: 'taken over' });
  // The slot of 10.0.0.22 was filled before the end, so it is there and nothing points at it.
  t.like(await plane.apply(tablesOf({ backends: backends(23), rows: new Uint32Array(251) })), {
    backendsAdded: 1,
    backendsRemoved: 2,
  });
  t.like((await plane.counters()).services, [{ backends: [{ address: '10.0.0.23' }] }]);
});

testAsRoot('the programs stay within a bound that says they have not grown by accident', (t) => {
  using object = new BpfObject(fileURLToPath(new URL('../../obj/weir.bpf.o', import.meta.url)));
  object.load();
  for (const program of ['weir', 'weir_seldom']) {
    const instructions = object.verifiedInstructions(program);
    t.true(
      instructions > 10_000 && instructions < 400_000,
      `${program}: the verifier walked ${instructions} instructions`,
    );
  }
});

testAsRoot('counters are read from the pins, with and without a daemon', async (t) => {
  const options = optionsOf({ interfaces: [] });
  t.throws(() => readCounters(options.pinDirectory), { code: 'TABLES_INVALID', message: /nothing is pinned there/ });
  await using plane = XdpDataplane.open(options);
  await plane.apply(tablesOf({}));
  t.deepEqual(readCounters(options.pinDirectory), await plane.counters());
  XdpDataplane.remove(options.pinDirectory);
});

testAsRoot('a frame for another MAC address is left to the kernel, also when it is for a VIP', async (t) => {
  const options = optionsOf();
  await using plane = XdpDataplane.open(options);
  await plane.apply(tablesOf({}));
  const ingressIfindex = Number(ip('-o link show eth0').split(':')[0]);
  const forNode = bytesOf(syn4);
  const forOther = bytesOf(syn4.replace('0200000000bb', '0200000000ba'));
  t.is(plane.testRun(forNode, { ingressIfindex }).result, XDP_DROP, 'no neighbour is resolved here');
  t.is(plane.testRun(forOther, { ingressIfindex }).result, XDP_PASS);
  XdpDataplane.remove(options.pinDirectory);
});
