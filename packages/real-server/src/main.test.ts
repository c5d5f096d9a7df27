import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import koffi from 'koffi';
import { advertisedMss } from './advertised-mss.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const VIPS = ['198.51.100.10', '2001:db8:100::10'] as const;
const PINS = '/sys/fs/bpf/agent';
const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;

/** Runs a command with the words of a line. */
const sh = (line: string) => execFileSync(line.split(' ')[0] as string, line.split(' ').slice(1), { encoding: 'utf8' });
const peer = (line: string) => sh(`nsenter --net=/run/netns/client ${line}`);

/** A network and a mount namespace of this thread's own, with a host `client` beside it; all goes with the process. */
test.before(async () => {
  if (!isRoot) return;
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  sh('mount --make-rprivate /');
  sh('mount -t bpf bpf /sys/fs/bpf');
  sh('mount -t tmpfs tmpfs /run');
  sh('ip netns add client');
  sh('ip link add eth0 type veth peer name eth0 netns client');
  for (const run of [sh, peer]) {
    run('ip link set lo up');
    run('ip link set eth0 up');
  }
  sh('ip address add 10.0.0.21/24 dev eth0');
  sh('ip address add fd00::21/64 dev eth0 nodad');
  sh('ip route add default via 10.0.0.1');
  peer('ip address add 10.0.0.1/24 dev eth0');
  peer('ip address add fd00::1/64 dev eth0 nodad');
  peer('ip route add 198.51.100.10 via 10.0.0.21');
});

async function startAgent(...more: readonly string[]): Promise<ChildProcess> {
  const args = [
    MAIN,
    '--interface',
    'eth0',
    ...VIPS.flatMap((vip) => ['--vip', vip]),
    '--pin-directory',
    PINS,
    ...more,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(lines.join('\n'))));
  });
  return child;
}

function stop(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill('SIGTERM');
  return ended;
}

/** All that the agent may change. */
function state(): string {
  const settings = ['arp_ignore', 'arp_announce'].map((name) =>
    readFileSync(`/proc/sys/net/ipv4/conf/eth0/${name}`, 'utf8'),
  );
  const shown = ['address show dev lo', '-4 rule', '-6 rule', '-4 route show table all', '-6 route show table all'];
  return [
    ...settings,
    ...shown.map((what) => sh(`ip ${what}`)),
    String(sh('ip link show eth0').includes('prog/xdp')),
  ].join('\n');
}

/** Who answers ARP for an address on the link, asked from the client: by the kernel's own neighbour table. */
function answersArp(address: string): boolean {
  peer(`ip neigh flush dev eth0`);
  const { status } = spawnSync('nsenter', ['--net=/run/netns/client', 'ping', '-c1', '-W1', '-I', 'eth0', address]);
  const neighbour = peer(`ip neigh show ${address} dev eth0`);
  return status === 0 || /REACHABLE|STALE|DELAY/.test(neighbour);
}

testAsRoot('an agent makes a backend of its host, and takes everything back when it ends', async (t) => {
  const before = state();
  const agent = await startAgent();
  t.teardown(() => agent.kill('SIGKILL'));
  const addresses = sh('ip address show dev lo');
  t.regex(addresses, /inet 198\.51\.100\.10\/32/);
  t.regex(addresses, /inet6 2001:db8:100::10\/128/);
  t.regex(sh('ip link show eth0'), /prog\/xdp/);
  t.regex(sh('ip -4 route show table 17700'), /default via 10\.0\.0\.1 dev eth0 .*advmss 1408/);
  t.is(await stop(agent), 0);
  t.is(state(), before);
  t.false(existsSync(`${PINS}/counters`));
});

testAsRoot('a VIP is not answered for by ARP, the own address is', async (t) => {
  const agent = await startAgent();
  t.teardown(() => agent.kill('SIGKILL'));
  peer('ip route replace 198.51.100.10 dev eth0');
  t.true(answersArp('10.0.0.21'));
  t.false(answersArp('198.51.100.10'));
  peer('ip route replace 198.51.100.10 via 10.0.0.21');
  await stop(agent);
});

testAsRoot('a client of a VIP is told an MSS that leaves room for the outer headers', async (t) => {
  const agent = await startAgent();
  t.teardown(() => agent.kill('SIGKILL'));
  const server = createServer((socket) => socket.end());
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(8080, '198.51.100.10', resolve));
  // TCP_MAXSEG of a connected socket is the least of both sides' MSS.
  const script = `
import socket
s = socket.create_connection(('198.51.100.10', 8080))
s.recv(1)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))`;
  const client = spawn('nsenter', ['--net=/run/netns/client', '/usr/bin/python3', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => client.once('close', resolve));
  // Timestamps take 12 bytes of each segment.
  t.true([0, 12].includes(advertisedMss(1500, ['ipip', 'gue'], 'ipv4') - Number(output)), output);
  await stop(agent);
});

testAsRoot('with --keep everything stays, and the next agent takes it over', async (t) => {
  const before = state();
  t.is(await stop(await startAgent('--keep')), 0);
  const kept = state();
  t.not(kept, before);
  t.regex(
    execFileSync(process.execPath, [MAIN, 'counters', '--pin-directory', PINS], { encoding: 'utf8' }),
    /"ipip":0/,
  );
  const agent = await startAgent('--keep');
  t.teardown(() => agent.kill('SIGKILL'));
  t.is(state(), kept);
  t.is(await stop(agent), 0);
  sh(`rm -r ${PINS}`);
});

const refused: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  [
    'an interface that does not exist',
    ['--interface', 'eth7', '--vip', '::1', '--pin-directory', PINS],
    69,
    /interface "eth7" does not exist/,
  ],
  [
    'an unknown encapsulation',
    ['--interface', 'eth0', '--vip', '::1', '--decap', 'vxlan'],
    2,
    /--decap: "vxlan" is not one of/,
  ],
  ['no VIP', ['--interface', 'eth0'], 2, /required option '--vip <address>' not specified/],
  [
    'a directory that is no BPF file system',
    ['--interface', 'eth0', '--vip', '::1', '--pin-directory', '/tmp/pins'],
    69,
    /\/tmp\/pins is not on a BPF file system/,
  ],
];
for (const [title, args, code, message] of refused) {
  testAsRoot(`${title} ends the agent with ${code} and the reason`, (t) => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    t.is(status, code, stderr);
    t.regex(stderr, message);
  });
}

testAsRoot('without root the agent says what it needs', (t) => {
  const args = ['--reuid=65534', '--clear-groups', process.execPath, MAIN, '--interface', 'eth0', '--vip', '::1'];
  const { status, stderr } = spawnSync('setpriv', args, { encoding: 'utf8' });
  t.is(status, 77, stderr);
  t.regex(stderr, /not root: .* CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON/);
});
