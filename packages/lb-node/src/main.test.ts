import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Counters } from '@weir/dataplane';
import test, { type ExecutionContext } from 'ava';
import {
  configFile,
  directory,
  MAIN,
  replaceFile,
  run,
  startDaemon,
  TIMEOUT_MS,
  UNTIL_THE_TEST_ENDS,
} from './test-support/daemon.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, onPeer, sh } from './test-support/private-network.js';

const REFERENCE = fileURLToPath(new URL('../weir.reference.yaml', import.meta.resolve('@weir/control')));
const testAsRoot = isRoot ? test.serial : test.serial.skip;
/** A TCP SYN to the VIP, which nobody answers. */
const SEND_SYN = `
import socket
s = socket.socket()
s.setblocking(False)
s.connect_ex(('198.51.100.10', 80))`;
if (!isRoot) process.stderr.write('skipped: namespaces and BPF need root\n');
test.before(() => {
  if (isRoot) enterPrivateNetwork();
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

function document(change: { interface?: string; bgp?: string; vip?: string } = {}): string {
  return `node: { name: lb1, interfaces: [${change.interface ?? 'eth0'}], address: 10.0.0.11 }
dataplane: { pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, tableRows: 251 }
runtimeDirectory: ${directory}/run
shutdown: { drain: 10ms }
${change.bgp ?? ''}
services:
  - { name: web, vip: ${change.vip ?? '198.51.100.10'}, port: 80, backends: [ { address: 10.0.0.21 } ] }
`;
}
const bgpOf = (gobgpd: string) =>
  `bgp: { asn: 64512, listenPort: -1, gobgpd: { ${gobgpd} }, peers: [ { address: 10.0.0.1, asn: 64500 } ] }`;

test('--check says that a right file is right', (t) => {
  const file = configFile(document());
  const { status, stdout } = run('--check', '--config', file);
  t.deepEqual([status, stdout], [0, `${file} is valid: 1 services\n`]);
});

test('--check says that the reference configuration is right', (t) => {
  t.regex(
    run('--check', '--config', REFERENCE).stdout,
    /is valid: 5 services, and those of cluster main in etcd, which was not asked\n$/,
  );
});

test('--check names what is wrong, with field, value, file and line', (t) => {
  const file = configFile(document({ vip: '10.3.1' }));
  const { status, stderr } = run('--check', '--config', file);
  t.deepEqual(
    [status, stderr],
    [78, `lb-node: services[0].vip: "10.3.1" is not an IP address (file ${file}, line 7)\n`],
  );
});

test('a file that is not there ends the daemon with 78 and its name', (t) => {
  const { status, stderr } = run('--config', '/nowhere/weir.yaml');
  t.is(status, 78);
  t.regex(stderr, /\/nowhere\/weir\.yaml can't be read/);
});

test('an option that is not there ends it with 2', (t) => {
  t.is(run('--fast').status, 2);
});

const refused: readonly (readonly [string, () => string, number, RegExp])[] = [
  ['an interface that does not exist', () => document({ interface: 'eth7' }), 69, /interface "eth7" does not exist/],
  [
    'a gobgpd that is not installed',
    () => document({ bgp: bgpOf('command: gobgpd-of-nobody') }),
    69,
    /"gobgpd-of-nobody" is not installed; the Debian package is gobgpd/,
  ],
  [
    'an external gobgpd that does not answer',
    () => document({ bgp: bgpOf('run: external, api: "127.0.0.1:50999"') }),
    69,
    /no gobgpd answers at 127\.0\.0\.1:50999/,
  ],
];
for (const [title, text, code, message] of refused) {
  testAsRoot(`${title} ends the daemon with ${code} and the reason`, (t) => {
    const { status, stderr } = run('--config', configFile(text()));
    t.is(status, code, stderr);
    t.regex(stderr, message);
  });
}

testAsRoot('a backend of dr behind a router ends the daemon with 78 and its path', (t) => {
  const text = document().replace('port: 80,', 'port: 80, method: dr,').replace('10.0.0.21', '10.3.0.1');
  const { status, stderr } = run('--config', configFile(text));
  t.is(status, 78, stderr);
  t.regex(stderr, /services\[0\]\.backends\[0\]\.address: "10\.3\.0\.1" is in no subnet of this node/);
});

testAsRoot('a port of the API that somebody else has ends the daemon with 69 and the address', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(50998, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { status, stderr } = run('--config', configFile(document({ bgp: bgpOf('api: "127.0.0.1:50998"') })));
  t.is(status, 69, stderr);
  t.regex(stderr, /127\.0\.0\.1:50998: bind: address already in use/);
});

testAsRoot('without permission the daemon ends with 77 and says which capabilities it needs', (t) => {
  const file = configFile(document());
  const args = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, MAIN, '--config', file];
  const { status, stderr } = spawnSync('setpriv', args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  t.is(status, 77, stderr);
  t.regex(stderr, /CAP_BPF/);
});

testAsRoot('without the ip command the daemon ends with 69 and the name of the package', (t) => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, '--config', configFile(document())], {
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
    timeout: TIMEOUT_MS,
  });
  t.is(status, 69, stderr);
  t.regex(stderr, /"ip" is not installed; the Debian package is iproute2/);
});

testAsRoot('counters where no node has run end with 69, and say where they were looked for', (t) => {
  const file = configFile(document().replace('/sys/fs/bpf/lb1', '/sys/fs/bpf/lb2'));
  const { status, stderr } = run('--config', file, 'counters');
  t.deepEqual(
    [status, stderr],
    [
      69,
      'lb-node: no tables to read in /sys/fs/bpf/lb2: nothing is pinned there; has lb-node run here with this configuration?\n',
    ],
  );
});

testAsRoot('a ready daemon forwards, refuses strays and keeps its backends resolved', async (t) => {
  const daemon = await startDaemon(t, document());
  t.regex(daemon.log(), /XDP runs in native mode on eth0/);
  t.regex(sh('ip route show type unreachable'), /unreachable 198\.51\.100\.10 proto 177/);
  t.regex(sh('ip neigh show 10.0.0.21'), /managed/);
  t.regex(run('--config', daemon.file, 'counters').stdout, /TCP {2}198\.51\.100\.10:80 mh/);
});

/** Its backends are not here, and would be found to be down. */
function withoutChecks(reference: string): string {
  return reference
    .replaceAll(/^ {4}(?:healthCheck|passiveCheck):.*\n(?: {6}.*\n)*/gm, '')
    .replaceAll(/^ {8}healthCheck:.*\n/gm, '')
    .replaceAll(/^ {4}minHealthy:.*\n/gm, '');
}

testAsRoot(
  'the services of the reference configuration are in force, with pinning, thresholds and persistence',
  async (t) => {
    const text = readFileSync(REFERENCE, 'utf8').replace(
      /^bgp:[\s\S]*^runtimeDirectory:.*$/m,
      `runtimeDirectory: ${directory}`,
    );
    const { file } = await startDaemon(t, withoutChecks(text));
    const { stdout } = run('--config', file, 'counters');
    const lines = stdout.trim().split('\n').slice(2);
    t.deepEqual(
      lines.map((line) => line.replace(/( {2,}\d+)*$/, '').replaceAll(/ +/g, ' ')),
      [
        'TCP 198.51.100.10:80 mh pinned',
        ' -> 10.0.0.21 ipip',
        ' -> [fd00:10::22] ipip',
        ' -> 10.0.0.29 ipip',
        'TCP [2001:db8:100::10]:80 mh',
        ' -> [fd00:10::21] gue',
        'TCP 198.51.100.12:25 rendezvous choices 3',
        ' -> 10.0.0.41 gue',
        'UDP 198.51.100.13:53 mh',
        ' -> 10.0.0.51 dr',
        'TCP 198.51.100.11:80 wlc persistent 300',
        'TCP 198.51.100.11:443',
        ' -> 10.0.0.31:8080 fullnat',
      ],
    );
  },
);

testAsRoot('each method is in force in both families, and gives way to each other without a restart', async (t) => {
  const documentOf = (method: string) => `node: { interfaces: [eth0], localAddresses: [10.0.0.111, "fd00::111"] }
dataplane: { pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, maxFlows: 4096, tableRows: 251 }
shutdown: { drain: 10ms }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: ${method}, backends: [ { address: 10.0.0.21 } ] }
  - { name: web6, vip: 2001:db8:100::10, port: 80, method: ${method}, backends: [ { address: "fd00::21" } ] }
`;
  const { file, next } = await startDaemon(t, documentOf('ipip'));
  for (const method of ['gre', 'gue', 'dr', 'nat', 'fullnat', 'ipip']) {
    const change = next(/in force/);
    replaceFile(file, documentOf(method));
    t.regex(await change, /configuration in force/);
    const { services } = JSON.parse(run('--config', file, 'counters', '--json').stdout) as Counters;
    t.deepEqual(
      services.map(({ backends }) => backends.map(({ address }) => address)),
      [['10.0.0.21'], ['fd00::21']],
      method,
    );
  }
});

testAsRoot('a changed file with a mistake is refused with the mistake, and the old one stays in force', async (t) => {
  const { file, child, next } = await startDaemon(t, document());
  const refusal = next(/refused/);
  replaceFile(file, document({ vip: '300.0.0.1' }));
  child.kill('SIGHUP');
  t.regex(await refusal, /services\[0\]\.vip: \\"300\.0\.0\.1\\" is not an IP address/);
  t.regex(run('--config', configFile(document()), 'counters').stdout, /TCP {2}198\.51\.100\.10:80 mh/);
});

testAsRoot(
  'a change of what is fixed at the start is refused with its name, and the old one stays in force',
  async (t) => {
    const { file, child, next } = await startDaemon(t, document());
    const refusal = next(/is refused, the old one stays/);
    replaceFile(file, document({ interface: 'eth0, eth1', vip: '198.51.100.11' }));
    child.kill('SIGHUP');
    t.regex(await refusal, /node\.interfaces can't change while the node runs; restart it/);
    t.regex(run('--config', configFile(document()), 'counters').stdout, /TCP {2}198\.51\.100\.10:80 mh/);
  },
);

testAsRoot('a change to a backend that dr does not reach is refused with its path', async (t) => {
  const { file, next } = await startDaemon(t, document());
  const refusal = next(/is refused, the old one stays/);
  replaceFile(file, document().replace('port: 80,', 'port: 80, method: dr,').replace('10.0.0.21', '10.3.0.1'));
  t.regex(await refusal, /services\[0\]\.backends\[0\]\.address: .{0,2}10\.3\.0\.1.{0,2} is in no subnet of this node/);
  t.regex(run('--config', configFile(document()), 'counters').stdout, / 198\.51\.100\.10:80 mh/);
});

testAsRoot(
  'a backend that discovery names and dr does not reach is left out, and later changes come in force',
  async (t) => {
    const found = join(directory, 'found.yaml');
    writeFileSync(found, '- { name: near, address: 10.0.0.21 }\n- { name: far, address: 10.3.0.1 }\n');
    const text = document().replace(
      'backends: [ { address: 10.0.0.21 } ]',
      `method: dr, discovery: [ { file: ${found} } ]`,
    );
    const { file, log, next } = await startDaemon(t, text);
    t.regex(log(), /service web, backend far is left out: .{0,2}10\.3\.0\.1.{0,2} is in no subnet of this node/);
    const change = next(/configuration in force/);
    replaceFile(file, text.replace('198.51.100.10', '198.51.100.11'));
    await change;
    t.regex(run('--config', file, 'counters', '--json').stdout, /"vip":"198\.51\.100\.11"/);
    t.is(log().split('backend far is left out').length - 1, 1, 'it is told once');
  },
);

testAsRoot('local addresses come and go with the configuration, and go with what else detach removes', async (t) => {
  const { file, next, stop } = await startDaemon(t, document());
  const withLocal = document().replace('address: 10.0.0.11 }', 'address: 10.0.0.11, localAddresses: [10.0.0.111] }');
  const change = next(/configuration in force/);
  replaceFile(file, withLocal);
  await change;
  t.regex(sh('ip route show table local'), /local 10\.0\.0\.111 .*proto 177/);
  t.is(await stop(), 0);
  t.regex(sh('ip route show table local'), /local 10\.0\.0\.111/);
  t.is(run('--config', file, 'detach').status, 0);
  t.notRegex(sh('ip route show table local'), /10\.0\.0\.111/);
});

testAsRoot('a new backend with slow start gets its whole weight without an event', async (t) => {
  const { file, next } = await startDaemon(t, document());
  const slow = document().replace('port: 80,', 'port: 80, slowStart: 2s,');
  const begun = next(/configuration in force/);
  replaceFile(file, slow);
  await begun;
  const growing = next(/"rowsMoved":.*tables changed/);
  replaceFile(file, slow.replace('{ address: 10.0.0.21 }', '{ address: 10.0.0.21 }, { address: 10.0.0.22 }'));
  t.regex(await next(/tables changed/, await growing), /"rowsMoved":[1-9]/);
});

testAsRoot('a good change is in force without a signal', async (t) => {
  const { file, next } = await startDaemon(t, document());
  const change = next(/configuration in force/);
  replaceFile(file, document({ vip: '198.51.100.11' }));
  await change;
  t.regex(run('--config', file, 'counters', '--json').stdout, /"vip":"198\.51\.100\.11"/);
  const strays = sh('ip route show type unreachable');
  t.regex(strays, /198\.51\.100\.11/);
  t.notRegex(strays, /198\.51\.100\.10/);
});

testAsRoot('a daemon that leaves lets the program run on, and detach removes all that it made', async (t) => {
  const { file, stop } = await startDaemon(t, document());
  t.is(await stop(), 0);
  t.regex(sh('ip link show eth0'), /prog\/xdp/);
  t.regex(run('--config', file, 'counters').stdout, /TCP {2}198\.51\.100\.10:80 mh/);
  t.is(run('--config', file, 'detach').status, 0);
  t.notRegex(sh('ip link show eth0'), /prog\/xdp/);
  t.is(sh('ip route show type unreachable'), '');
  t.notRegex(sh('ip neigh show'), /managed/);
  t.false(existsSync('/sys/fs/bpf/lb1'));
});

const vrrp = 'vrrp: { peers: [ { name: lb1, address: 10.0.0.11 } ], advertInterval: 100ms }';
for (const [how, leave] of [
  ['lb-node detach', async (_t: ExecutionContext, file: string) => run('--config', file, 'detach').status === 0],
  [
    'the next daemon, whose configuration has no vrrp,',
    async (t: ExecutionContext) => (await startDaemon(t, document())).child.exitCode === null,
  ],
] as const) {
  testAsRoot(`${how} ends the keepalived of a daemon that was killed, and the kernel has its rules back`, async (t) => {
    const before = sh('ip rule');
    const daemon = await startDaemon(t, document({ bgp: vrrp }));
    const hasVip = () => sh('ip address show dev eth0').includes('198.51.100.10');
    await eventually('keepalived to hold the VIP', async () => hasVip() || undefined);
    t.not(sh('ip rule'), before);
    daemon.child.kill('SIGKILL');
    await once(daemon.child, 'exit');
    t.true(hasVip());
    t.true(await leave(t, daemon.file));
    t.false(hasVip());
    t.is(sh('ip rule'), before);
  });
}

testAsRoot('what is counted while no daemon runs is found by the next one, which takes the program over', async (t) => {
  onPeer('ip route replace 198.51.100.10 via 10.0.0.11');
  const packets = (file: string) => JSON.parse(run('--config', file, 'counters', '--json').stdout).services[0].packets;
  const first = await startDaemon(t, document());
  t.is(await first.stop(), 0);
  const before = packets(first.file);
  spawnSync('nsenter', ['--net=/run/netns/peer', '/usr/bin/python3', '-c', SEND_SYN]);
  const after = await eventually('a SYN to be counted', async () => packets(first.file) || undefined);
  t.true(after > before);
  const second = await startDaemon(t, document());
  t.regex(second.log(), /"adopted":true/);
  t.true(packets(second.file) >= after);
});

testAsRoot('a service manager hears that the daemon is ready, reloads and stops', async (t) => {
  const path = join(directory, 'notify');
  const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(4096).decode().split('\\n')[0], flush=True)`;
  const manager = spawn('setpriv', [...UNTIL_THE_TEST_ENDS, '/usr/bin/python3', '-c', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => manager.kill('SIGKILL'));
  const heard = createInterface({ input: manager.stdout })[Symbol.asyncIterator]();
  t.is((await heard.next()).value, 'bound');
  const daemon = await startDaemon(t, document(), { NOTIFY_SOCKET: path });
  t.is((await heard.next()).value, 'READY=1');
  daemon.child.kill('SIGHUP');
  t.is((await heard.next()).value, 'RELOADING=1');
  t.is((await heard.next()).value, 'READY=1');
  t.is(await daemon.stop(), 0);
  t.is((await heard.next()).value, 'STOPPING=1');
});
