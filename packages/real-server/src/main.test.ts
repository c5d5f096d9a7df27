import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { advertisedMss } from './advertised-mss.js';
import { cgroupRoot } from './cgroup.js';
import { makePrivateHost, peer, scapy, sh, until } from './fixture/private-host.js';
import { inTime, MAIN, spawnAgent } from './fixture/spawn-agent.js';

const VIPS = ['198.51.100.10', '2001:db8:100::10'] as const;
const PINS = '/sys/fs/bpf/agent';
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;

test.before(() => {
  if (!isRoot) return;
  makePrivateHost();
  peer('ip route add 198.51.100.10 via 10.0.0.21');
});

function startAgent(...more: readonly string[]): Promise<ChildProcess> {
  const vips = VIPS.flatMap((vip) => ['--vip', vip]);
  return start(['--interface', 'eth0', ...vips, '--pin-directory', PINS, ...more]);
}

async function start(args: readonly string[]): Promise<ChildProcess> {
  const child = spawnAgent(args);
  const lines: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(lines.join('\n'))));
  });
  await inTime('the agent to be ready', ready);
  return child;
}

function stop(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill('SIGTERM');
  return inTime('the end of the agent', ended);
}

/** Beginning of what scapy does on the client. */
const PREAMBLE = `
import json, select, time
from scapy.all import Ether, IP, IPv6, TCP, UDP, GRE, Raw, conf, get_if_hwaddr
link = conf.L2socket(iface='eth0')
ether = Ether(dst='HOST_MAC', src=get_if_hwaddr('eth0'))
outer4 = lambda proto: IP(src='10.0.0.1', dst='10.0.0.21', proto=proto)
outer6 = lambda proto: IPv6(src='fd00::1', dst='fd00::21', nh=proto)
gue = lambda inner: UDP(sport=50000, dport=6080, chksum=0) / Raw(bytes([0, inner, 0, 0]))
fou = lambda: UDP(sport=50000, dport=5555, chksum=0)
`;

/** One SYN of each kind that is WANTED; prints the MSS of the answers. The clients' addresses are behind the default route. */
const SYNS = `
port = 40000
def syn(vip):
    return vip / TCP(sport=port, dport=8080, flags='S', seq=1, options=[('MSS', 1460)])
inner4 = lambda: syn(IP(src='192.0.2.77', dst='198.51.100.10'))
inner6 = lambda: syn(IPv6(src='2001:db8:c::77', dst='2001:db8:100::10'))
other = Ether(dst='02:00:00:00:00:77', src=get_if_hwaddr('eth0'))
kinds = {
    'IPv4 in IPv4': lambda: ether / outer4(4) / inner4(),
    'IPv6 in IPv4': lambda: ether / outer4(41) / inner6(),
    'IPv4 in IPv6': lambda: ether / outer6(4) / inner4(),
    'IPv6 in IPv6': lambda: ether / outer6(41) / inner6(),
    'IPv4 in GRE': lambda: ether / outer4(47) / GRE(proto=0x0800, chksum_present=1, key_present=1, key=7) / inner4(),
    'IPv6 in GRE over IPv6': lambda: ether / outer6(47) / GRE(proto=0x86dd) / inner6(),
    'IPv4 in GUE': lambda: ether / outer4(17) / gue(4) / inner4(),
    'IPv6 in GUE over IPv6': lambda: ether / outer6(17) / gue(41) / inner6(),
    'IPv4 in FOU over IPv6': lambda: ether / outer6(17) / fou() / inner4(),
    'IPv6 in FOU': lambda: ether / outer4(17) / fou() / inner6(),
    'IPv4': lambda: ether / inner4(),
    'IPv6': lambda: ether / inner6(),
    'IPv4 in IPv4 for another host': lambda: other / outer4(4) / inner4(),
}
answers = {}
for name in WANTED:
    build = kinds[name]
    port += 1
    link.send(build())
    answers[name] = None
    deadline = time.monotonic() + (0.5 if 'another' in name else 10)
    while answers[name] is None and time.monotonic() < deadline:
        got = link.recv() if select.select([link], [], [], 0.1)[0] else None
        if got is not None and TCP in got and got[TCP].dport == port and got[TCP].flags == 'SA':
            answers[name] = dict(got[TCP].options)['MSS']
print(json.dumps(answers))
`;

/** When this file is there, no more datagrams are sent. /run is this process's own. */
const ENOUGH = '/run/enough-datagrams';
/** Numbered datagrams by GUE, 200 a second, until it is enough; prints how many. */
const DATAGRAMS = `
import os
sent = 0
while not os.path.exists('${ENOUGH}'):
    inner = IP(src='192.0.2.77', dst='198.51.100.10') / UDP(sport=9, dport=9000) / Raw(str(sent).encode())
    link.send(ether / outer4(17) / gue(4) / inner)
    sent += 1
    time.sleep(0.005)
print(sent)
`;

/** Datagrams that came to a socket whose buffer was full. */
function overflowed(): number {
  const lines = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const [names = [], counts = []] = lines.filter((line) => line.startsWith('Udp:')).map((line) => line.split(' '));
  return Number(counts[names.indexOf('RcvbufErrors')]);
}

/** What `real-server counters` prints, and what of it is not 0. */
function counters() {
  const print = (...more: readonly string[]) =>
    execFileSync(process.execPath, [MAIN, 'counters', '--pin-directory', PINS, ...more], { encoding: 'utf8' });
  const all = JSON.parse(print('--json')) as Readonly<Record<string, number>>;
  return { counts: print(), nonzero: Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0)) };
}

/** All that the agent may change. */
function state(): string {
  const settings = ['arp_ignore', 'arp_announce', 'rp_filter'].flatMap((name) =>
    ['all', 'eth0'].map((where) => readFileSync(`/proc/sys/net/ipv4/conf/${where}/${name}`, 'utf8')),
  );
  const shown = ['address show dev lo', '-4 rule', '-6 rule', '-4 route show table all', '-6 route show table all'];
  return [
    `pins: ${existsSync(PINS)}`,
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

/** Listens on the VIPs; resolves to the MSS by kind of packet that the client was answered with. */
async function answersTo(t: ExecutionContext, kinds: readonly string[]): Promise<Readonly<Record<string, number>>> {
  for (const vip of VIPS) {
    const server = createServer((socket) => socket.destroy());
    t.teardown(() => server.close());
    await new Promise<void>((resolve) => server.listen(8080, vip, resolve));
  }
  return JSON.parse(await scapy(PREAMBLE + SYNS.replace('WANTED', JSON.stringify(kinds))));
}

testAsRoot('real packets of every encapsulation reach a listener, whose answer tells the planned MSS', async (t) => {
  const agent = await startAgent('--decap', 'ipip,gre,gue,fou');
  t.teardown(() => agent.kill('SIGKILL'));
  const [mss4, mss6] = (['ipv4', 'ipv6'] as const).map((family) =>
    advertisedMss(1500, ['ipip', 'gre', 'gue', 'fou'], family, ['ipv4', 'ipv6']),
  );
  const expected = {
    'IPv4 in IPv4': mss4,
    'IPv6 in IPv4': mss6,
    'IPv4 in IPv6': mss4,
    'IPv6 in IPv6': mss6,
    'IPv4 in GRE': mss4,
    'IPv6 in GRE over IPv6': mss6,
    'IPv4 in GUE': mss4,
    'IPv6 in GUE over IPv6': mss6,
    'IPv4 in FOU over IPv6': mss4,
    'IPv6 in FOU': mss6,
    'IPv4 in IPv4 for another host': null,
  };
  t.deepEqual(await answersTo(t, Object.keys(expected)), expected);
  const { counts, nonzero } = counters();
  t.deepEqual(nonzero, {
    ipip_ipv4: 2,
    ipip_ipv6: 2,
    gre_ipv4: 1,
    gre_ipv6: 1,
    gue_ipv4: 1,
    gue_ipv6: 1,
    fou_ipv4: 1,
    fou_ipv6: 1,
  });
  t.regex(counts, /^gue_ipv6 +1$/m);
  await stop(agent);
});

testAsRoot(
  'a backend of dr answers what comes without outer headers, with no program and no table of its own',
  async (t) => {
    const before = state();
    // What a life with encapsulations left is not kept.
    await stop(await startAgent('--keep'));
    const agent = await startAgent('--decap', 'none');
    t.teardown(() => agent.kill('SIGKILL'));
    t.notRegex(sh('ip link show eth0'), /prog\/xdp/);
    t.notRegex(sh('ip -4 rule'), /17700/);
    peer('ip route replace 198.51.100.10 dev eth0');
    t.false(answersArp('198.51.100.10'));
    peer('ip route replace 198.51.100.10 via 10.0.0.21');
    // 1500 - 40 and 1500 - 60: the segments of clients need no room for outer headers.
    const expected = { IPv4: 1460, IPv6: 1440 };
    t.deepEqual(await answersTo(t, Object.keys(expected)), expected);
    t.deepEqual(counters().nonzero, {});
    t.is(await stop(agent), 0);
    t.is(state(), before);
  },
);

testAsRoot(
  'an agent for fullnat alone tells servers their clients, and leaves addresses and routes alone',
  async (t) => {
    const cgroup = mkdtempSync(join(cgroupRoot(), 'weir-agent-'));
    t.teardown(() => rmdirSync(cgroup));
    const before = state();
    const args = [
      '--interface',
      'eth0',
      '--pin-directory',
      PINS,
      '--toa',
      '--toa-from',
      '10.0.0.0/8',
      '--cgroup',
      cgroup,
    ];
    const agent = await start(args);
    t.teardown(() => agent.kill('SIGKILL'));
    const attached = () => sh(`bpftool --json cgroup show ${cgroup}`).match(/"name":"(learn|tell)_client4?6?"/g) ?? [];
    t.is(attached().length, 3);
    t.is(state(), before.replace('pins: false', 'pins: true'));
    // A life without --toa takes back what one with it left.
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    const next = await startAgent();
    t.is(attached().length, 0);
    t.is(await stop(next), 0);
    t.is(state(), before);
  },
);

testAsRoot('a restart with --keep loses no packet, and the last agent takes back what the first did', async (t) => {
  const before = state();
  let agent = await startAgent('--keep');
  t.teardown(() => agent.kill('SIGKILL'));
  const received = new Set<string>();
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  socket.on('message', (message) => received.add(message.toString()));
  await new Promise<void>((resolve) => socket.bind(9000, VIPS[0], resolve));
  const sending = scapy(PREAMBLE + DATAGRAMS);
  await until(() => received.size > 0);
  for (let restart = 0; restart < 2; restart++) {
    t.is(await stop(agent), 0);
    agent = await startAgent('--keep');
  }
  const atRestarts = received.size;
  await until(() => received.size > atRestarts);
  writeFileSync(ENOUGH, '');
  const sent = Number(await sending);
  // What this process was too slow to read came to its host all the same.
  const lost = () => sent - received.size - overflowed();
  await until(() => lost() === 0).catch(() => {});
  t.is(lost(), 0, 'datagrams lost');
  await stop(agent);
  await stop(await startAgent());
  t.is(state(), before);
});

testAsRoot('leave takes back what an agent with --keep left, once', async (t) => {
  const before = state();
  await stop(await startAgent('--keep'));
  t.not(state(), before);
  const leave = () => execFileSync(process.execPath, [MAIN, 'leave', '--pin-directory', PINS], { encoding: 'utf8' });
  t.is(leave(), 'taken back\n');
  t.is(state(), before);
  t.is(leave(), `nothing to take back: nothing is pinned in ${PINS}\n`);
});

testAsRoot('an agent that was killed leaves no process, and the next one takes back what it did', async (t) => {
  const before = state();
  const killed = await startAgent();
  const children = readFileSync(`/proc/${killed.pid}/task/${killed.pid}/children`, 'utf8').trim().split(' ');
  t.is(children.length, 1);
  const gone = new Promise((resolve) => killed.once('exit', resolve));
  killed.kill('SIGKILL');
  await gone;
  await until(() => !existsSync(`/proc/${children[0]}`));
  t.not(state(), before);
  t.is(await stop(await startAgent()), 0);
  t.is(state(), before);
});

testAsRoot('a VIP that is no longer given is taken off, one that was there before stays', async (t) => {
  sh('ip address add 198.51.100.99/32 dev lo');
  const before = state();
  await stop(await startAgent('--keep', '--vip', '198.51.100.99', '--vip', '198.51.100.11'));
  t.regex(sh('ip -4 rule'), /from 198\.51\.100\.11 lookup 17700/);
  await stop(await startAgent('--keep'));
  t.notRegex(sh('ip -4 rule'), /198\.51\.100\.(11|99)/);
  t.notRegex(sh('ip address show dev lo'), /198\.51\.100\.11\//);
  await stop(await startAgent());
  t.is(state(), before);
  sh('ip address del 198.51.100.99/32 dev lo');
});

testAsRoot('routes of VIPs follow the main table, with all that routes may have', async (t) => {
  const routes = [
    '10.5.0.0/16 via 10.200.0.1 dev eth0 onlink',
    '10.6.0.0/16 metric 7 nexthop via 10.0.0.1 dev eth0 weight 1 nexthop via 10.0.0.3 dev eth0 weight 3',
    '10.7.0.0/16 via inet6 fe80::1 dev eth0',
    'blackhole 10.8.0.0/16',
    'default via 10.0.0.9 metric 50 mtu 1400',
    'fd05::/64 metric 9 nexthop via fd00::1 nexthop via fd00::3',
    'unreachable fd06::/64',
  ];
  for (const route of routes) sh(`ip route add ${route}`);
  const agent = await startAgent();
  t.teardown(() => agent.kill('SIGKILL'));
  const copy = () => [4, 6].map((version) => sh(`ip -${version} route show table 17700`)).join('\n');
  t.deepEqual(
    copy()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    [
      'default via 10.0.0.1 dev eth0 advmss 1408',
      'default via 10.0.0.9 dev eth0 metric 50 mtu 1400 advmss 1360',
      '10.0.0.0/24 dev eth0 scope link advmss 1408',
      '10.5.0.0/16 via 10.200.0.1 dev eth0 onlink advmss 1408',
      '10.6.0.0/16 metric 7 advmss 1408',
      'nexthop via 10.0.0.1 dev eth0 weight 1',
      'nexthop via 10.0.0.3 dev eth0 weight 3',
      '10.7.0.0/16 via inet6 fe80::1 dev eth0 advmss 1408',
      'blackhole 10.8.0.0/16',
      'fd00::/64 dev eth0 metric 256 advmss 1388 pref medium',
      'fd05::/64 metric 9 advmss 1388 pref medium',
      'nexthop via fd00::1 dev eth0 weight 1',
      'nexthop via fd00::3 dev eth0 weight 1',
      'unreachable fd06::/64 dev lo metric 1024 pref medium',
      'default via fd00::1 dev eth0 metric 1024 advmss 1388 pref medium',
    ],
  );
  for (const route of routes) sh(`ip route del ${route}`);
  sh('ip route replace default via 10.0.0.2');
  const gone = /10\.[5-8]\.|fd0[56]:|10\.0\.0\.9/;
  await until(() => copy().includes('default via 10.0.0.2') && !gone.test(copy()));
  sh('ip route replace default via 10.0.0.1');
  sh('ip link set eth0 mtu 1600');
  await until(() => /default via 10\.0\.0\.1 dev eth0 advmss 1508/.test(copy()));
  sh('ip link set eth0 mtu 1500');
  t.is(await stop(agent), 0);
});

testAsRoot('strict rp_filter is loosened only where no default route goes by the interface', async (t) => {
  const setting = () => readFileSync('/proc/sys/net/ipv4/conf/eth0/rp_filter', 'utf8').trim();
  writeFileSync('/proc/sys/net/ipv4/conf/all/rp_filter', '1');
  const before = setting();
  const symmetric = await startAgent();
  t.is(setting(), before);
  await stop(symmetric);
  sh('ip route del default');
  const asymmetric = await startAgent();
  t.is(setting(), '2');
  await stop(asymmetric);
  t.is(setting(), before);
  sh('ip route add default via 10.0.0.1');
  writeFileSync('/proc/sys/net/ipv4/conf/all/rp_filter', '0');
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
  ['no VIP', ['--interface', 'eth0'], 2, /--vip: expected at least one virtual IP address/],
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

testAsRoot('without capabilities the agent says which it needs', (t) => {
  const args = ['--reuid=65534', '--clear-groups', process.execPath, MAIN, '--interface', 'eth0', '--vip', '::1'];
  const { status, stderr } = spawnSync('setpriv', args, { encoding: 'utf8' });
  t.is(status, 77, stderr);
  t.regex(stderr, /without CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON/);
});
