import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { stringify } from 'yaml';
import { type DoctorFinding, DoctorLab, runCommands } from './doctor-lab.js';
import { testAsRoot } from './test-as-root.js';

const PASS_PROGRAM = fileURLToPath(new URL('../../lab/obj/pass.bpf.o', import.meta.url));

let doctor: DoctorLab;
test.before(async () => {
  if (process.getuid?.() === 0) doctor = await DoctorLab.start();
});
test.after.always(async () => doctor?.[Symbol.asyncDispose]());

const faultsOf = (findings: readonly DoctorFinding[]) => findings.filter(({ verdict }) => verdict === 'fault');

/** The one fault among findings, which says something of this kind. */
function onlyFault(
  t: ExecutionContext,
  findings: readonly DoctorFinding[],
  found: RegExp,
  cure: RegExp,
): DoctorFinding {
  const [fault, ...more] = faultsOf(findings);
  if (fault === undefined) throw new Error(`expected a fault among ${JSON.stringify(findings)}`);
  t.deepEqual(more, []);
  t.regex(fault.found, found);
  t.regex(`${fault.cure} ${fault.commands?.join(' ')}`, cure);
  return fault;
}

testAsRoot(
  'a node and a backend that are as they should be have no fault, and every check looks at something or says why not',
  async (t) => {
    const ofNode = await doctor.ofNode();
    t.deepEqual(faultsOf(ofNode), []);
    for (const check of [
      'configuration',
      'kernel-version',
      'capabilities',
      'interface',
      'mtu',
      'bgp-session',
      'etcd',
      'redis',
      'node-identity',
    ])
      t.true(
        ofNode.some((finding) => finding.check === check && finding.verdict === 'ok'),
        check,
      );
    const ofBackend = await doctor.ofBackend();
    t.deepEqual(faultsOf(ofBackend), []);
    for (const check of ['vip-on-loopback', 'arp', 'other-xdp', 'offloads'])
      t.true(
        ofBackend.some((finding) => finding.check === check && finding.verdict === 'ok'),
        check,
      );
  },
);

testAsRoot('an MTU that leaves too little for encapsulated packets is found, and gone after the command', async (t) => {
  const { host } = doctor.node;
  await host.output('ip', ['link', 'set', 'dev', 'lan', 'mtu', '1290']);
  const fault = onlyFault(t, await doctor.ofNode(['mtu']), /MTU 1290 .* 1258 are left/, /ip link set dev lan mtu 1532/);
  await runCommands(host, fault.commands);
  t.deepEqual(faultsOf(await doctor.ofNode(['mtu'])), []);
});

testAsRoot(
  'strict rp_filter on a backend whose way back is elsewhere is found, and gone after the command',
  async (t) => {
    const { backend } = doctor;
    await backend.output('sh', ['-ec', 'ip route del default; sysctl -qw net/ipv4/conf/lan/rp_filter=1']);
    const fault = onlyFault(t, await doctor.ofBackend(['rp-filter']), /1 \(strict\)/, /conf\/lan\/rp_filter=2/);
    await runCommands(backend, fault.commands);
    t.deepEqual(faultsOf(await doctor.ofBackend(['rp-filter'])), []);
    await backend.output('ip', ['route', 'add', 'default', 'via', '10.0.0.1']);
  },
);

testAsRoot('a VIP that is not on lo is found, and gone after the command', async (t) => {
  const { backend } = doctor;
  const vip = doctor.backendArguments.at(-3) ?? '';
  await backend.output('ip', ['address', 'del', `${vip}/32`, 'dev', 'lo']);
  const fault = onlyFault(t, await doctor.ofBackend(['vip-on-loopback']), /not on lo/, /ip address add .* dev lo/);
  t.is(fault.about, vip);
  await runCommands(backend, fault.commands);
  t.deepEqual(faultsOf(await doctor.ofBackend(['vip-on-loopback'])), []);
});

testAsRoot('a backend that answers ARP for its VIPs is found, and gone after the command', async (t) => {
  const { backend } = doctor;
  await backend.output('sysctl', ['-qw', 'net/ipv4/conf/all/arp_ignore=0', 'net/ipv4/conf/lan/arp_ignore=0']);
  const fault = onlyFault(t, await doctor.ofBackend(['arp']), /answers ARP/, /arp_ignore=1/);
  await runCommands(backend, fault.commands);
  t.deepEqual(faultsOf(await doctor.ofBackend(['arp'])), []);
});

testAsRoot('checksums that a veth leaves out are found, and gone after the command', async (t) => {
  const { host } = doctor.node;
  await host.output('ethtool', ['-K', 'lan', 'tx', 'on']);
  const fault = onlyFault(t, await doctor.ofNode(['offloads']), /tx-checksumming on/, /ethtool -K lan tx off/);
  await runCommands(host, fault.commands);
  t.deepEqual(faultsOf(await doctor.ofNode(['offloads'])), []);
});

testAsRoot('an XDP program of somebody else is found, and gone after the command', async (t) => {
  const { backend } = doctor;
  await backend.output('sh', [
    '-ec',
    `ip link add other0 type veth peer name other1; ethtool -K other0 tx off >/dev/null; ip link set other0 xdp obj ${PASS_PROGRAM} sec xdp.frags`,
  ]);
  const args = ['--role', 'backend', '--interface', 'other0'];
  const fault = onlyFault(t, await doctor.ofBackend(['other-xdp'], args), /program pass .* not Weir's/, /xdp off/);
  await runCommands(backend, fault.commands);
  t.deepEqual(faultsOf(await doctor.ofBackend(['other-xdp'], args)), []);
  await backend.output('ip', ['link', 'del', 'other0']);
});

testAsRoot('a BGP session that is down is found with the peer, and gone when the router has it again', async (t) => {
  const session = (how: '' | 'no ') =>
    doctor.router.vtysh(`configure terminal\nrouter bgp 64500\n${how}neighbor 10.0.0.11 shutdown`);
  await session('');
  await waitUntil(
    'the node to hear of it',
    async () => faultsOf(await doctor.ofNode(['bgp-session'])).length > 0 || undefined,
    { timeoutMs: 60_000 },
  );
  const fault = onlyFault(t, await doctor.ofNode(['bgp-session']), /^(?!established)/, /look at the router/);
  t.is(fault.about, '10.0.0.1');
  await session('no ');
  await doctor.router.waitForRoutes('198.51.100.10/32', 1, { timeoutMs: 60_000 });
  t.deepEqual(faultsOf(await doctor.ofNode(['bgp-session'])), []);
});

testAsRoot('an etcd that does not answer is found with its address, and gone when it runs again', async (t) => {
  const [server] = doctor.etcd.servers;
  await server?.kill();
  const fault = onlyFault(t, await doctor.ofNode(['etcd']), /refuses connections/, /etcd\.endpoints/);
  t.is(fault.about, server?.endpoint);
  await server?.start();
  t.deepEqual(faultsOf(await doctor.ofNode(['etcd'])), []);
});

testAsRoot('a Redis that wants a password is found, and gone when it has the one of weir.yaml', async (t) => {
  const { node, redis } = doctor;
  const [server] = redis.servers;
  const cli = (...args: string[]) => node.host.output('redis-cli', ['-h', server?.host.address('ipv4') ?? '', ...args]);
  await cli('config', 'set', 'requirepass', 'secret');
  onlyFault(t, await doctor.ofNode(['redis']), /NOAUTH|password/i, /passwordFile/);
  await cli('--no-auth-warning', '-a', 'secret', 'config', 'set', 'requirepass', '');
  t.deepEqual(faultsOf(await doctor.ofNode(['redis'])), []);
});

testAsRoot('a Redis that does not answer is found with its address, and gone when it runs again', async (t) => {
  const [server] = doctor.redis.servers;
  await server?.kill();
  const fault = onlyFault(t, await doctor.ofNode(['redis']), /ECONNREFUSED/, /systemctl status redis-server/);
  t.is(fault.about, server?.address());
  await server?.start();
  t.deepEqual(faultsOf(await doctor.ofNode(['redis'])), []);
});

testAsRoot('a BPF file system that is not there, or read-only, is found, and gone after the command', async (t) => {
  for (const [plant, found] of [
    ['umount -l /sys/fs/bpf', /not on a BPF file system/],
    ['mount -o remount,bind,ro /sys/fs/bpf', /nothing can be made there/],
  ] as const) {
    const broken = ['unshare', '--mount', 'sh', '-ec', `${plant}; exec "$@"`, 'sh'];
    const fault = onlyFault(t, await doctor.ofNode(['bpf-filesystem'], broken), found, /mount/);
    const mended = [
      'unshare',
      '--mount',
      'sh',
      '-ec',
      `${[plant, ...(fault.commands ?? [])].join('; ')}; exec "$@"`,
      'sh',
    ];
    t.deepEqual(faultsOf(await doctor.ofNode(['bpf-filesystem'], mended)), []);
  }
});

testAsRoot('capabilities that the process is without are found by name, and gone with them', async (t) => {
  const without = ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin'];
  const found = await doctor.ofBackend(['capabilities'], doctor.backendArguments, without);
  onlyFault(t, found, /^without CAP_BPF, CAP_PERFMON$/, /AmbientCapabilities/);
  t.deepEqual(faultsOf(await doctor.ofBackend(['capabilities'])), []);
  // The daemon of the node runs with them, whatever is taken from who asks.
  t.deepEqual(faultsOf(await doctor.ofNode(['capabilities'], without)), []);
});

testAsRoot('a kernel that is too old is found by its release, and gone with a newer one', async (t) => {
  // Linux tells a release of 2.6 to who asks for it (personality(2), UNAME26).
  const old = ['setarch', '--uname-2.6'];
  onlyFault(t, await doctor.ofNode(['kernel-version'], old), /^Linux 2\.6/, /newer kernel/);
  t.deepEqual(faultsOf(await doctor.ofNode(['kernel-version'])), []);
});

testAsRoot(
  'a node with the name of another is found with both addresses, and gone with a name of its own',
  async (t) => {
    const copied = (name: string) => ({
      ...doctor.node.document,
      node: { name, interfaces: ['lan'], address: '10.0.0.12' },
    });
    const file = join(doctor.lab.directory, 'copied.yaml');
    writeFileSync(file, stringify(copied('node1')));
    const findings = await doctor.ofNodeWith(file, ['node-identity']);
    onlyFault(
      t,
      findings,
      /registered as node1, with 10\.0\.0\.11 and fd00:10::11; this one has 10\.0\.0\.12/,
      /node\.name/,
    );
    writeFileSync(file, stringify(copied('node2')));
    t.deepEqual(faultsOf(await doctor.ofNodeWith(file, ['node-identity'])), []);
  },
);

testAsRoot('a weir.yaml with a mistake is found with the field, and gone when it is right', async (t) => {
  const file = join(doctor.lab.directory, 'mistake.yaml');
  writeFileSync(file, stringify({ ...doctor.node.document, dataplane: { engine: 'ipvs' } }));
  onlyFault(t, await doctor.ofNodeWith(file, ['configuration']), /dataplane\.engine/, /weirctl config check/);
  t.deepEqual(faultsOf(await doctor.ofNode(['configuration'])), []);
});
