import test from 'ava';
import { HeldVips } from './held-vips.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

/** VIPs that the node holds, its own address, a neighbour, and what it pings with. */
const families = [
  ['-4', '198.51.100.10', '10.0.0.11', '10.0.0.21', 'icmp'],
  ['-6', '2001:db8::10', 'fd00::11', 'fd00::21', 'ipv6-icmp'],
] as const;

test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  sh('sysctl -q net.ipv4.conf.eth0.forwarding=1 net.ipv6.conf.eth0.forwarding=1');
  for (const [family, vip] of families)
    sh(`ip ${family} address add ${vip} dev eth0${family === '-6' ? ' nodad' : ''}`);
});

/** The kernel forgets addresses of IPv6 when their link goes down. */
function addIpv6(): void {
  for (const address of [families[1][1], `${families[1][2]}/64`]) sh(`ip address replace ${address} dev eth0 nodad`);
}

const detailedRules = () => families.map(([family]) => sh(`ip -details ${family} rule`));

/** Where a packet goes that comes in by eth0. */
function wayOf(family: string, source: string, destination: string, protocol: string): 'here' | 'refused' {
  try {
    const answer = sh(`ip ${family} route get ${destination} from ${source} iif eth0 ipproto ${protocol}`);
    return answer.startsWith('local') ? 'here' : 'refused';
  } catch {
    return 'refused';
  }
}

const all = new Set<string>(families.map(([, vip]) => vip));
const routes = () => families.map(([family]) => sh(`ip ${family} route show table all proto 177`));

testAsRoot('the rules are there once, whoever came before, and those of the kernel come back', async (t) => {
  const kernelRules = detailedRules();
  await new HeldVips(['eth0']).set(all);
  const once = detailedRules();
  await new HeldVips(['eth0']).set(all);
  t.deepEqual(detailedRules(), once);
  t.false(once.some((text) => /^0:/m.test(text)));
  await HeldVips.remove();
  t.deepEqual(detailedRules(), kernelRules);
  t.deepEqual(routes(), ['', '']);
});

testAsRoot(
  'a network manager that removes all rules but those of the kernel leaves the node its own addresses',
  async (t) => {
    const held = new HeldVips(['eth0']);
    await held.set(all);
    const before = detailedRules();
    for (const [family, , own, neighbour] of families) {
      for (const line of sh(`ip -details ${family} rule`).split('\n')) {
        if (line !== '' && !/ proto kernel/.test(line)) sh(`ip ${family} rule del pref ${line.split(':')[0]}`);
      }
      t.is(wayOf(family, neighbour, own, 'tcp'), 'here');
    }
    t.notDeepEqual(detailedRules(), before);
    await held.set(all);
    t.deepEqual(detailedRules(), before);
    await HeldVips.remove();
  },
);

testAsRoot(
  'a link that goes down takes routes along: they are stated anew, VIPs go, and the rules of the kernel come back',
  async (t) => {
    const kernelRules = detailedRules();
    const held = new HeldVips(['eth0']);
    await held.set(all);
    const before = routes();
    sh('ip link set eth0 down');
    await t.notThrowsAsync(held.set(all));
    t.notDeepEqual(routes(), before);
    sh('ip link set eth0 up');
    addIpv6();
    await held.set(all);
    t.deepEqual(routes(), before);
    sh('ip route flush table 5706');
    await held.set(new Set());
    t.deepEqual(routes(), ['', '']);
    await HeldVips.remove();
    t.deepEqual(detailedRules(), kernelRules);
  },
);

testAsRoot('a family without VIPs keeps the rules of the kernel', async (t) => {
  const [, kernelRules6] = detailedRules();
  await new HeldVips(['eth0']).set(new Set([families[0][1]]));
  t.is(detailedRules()[1], kernelRules6);
  await HeldVips.remove();
});

testAsRoot('a rule for own addresses that an operator moved stays where it is', async (t) => {
  sh('ip rule add pref 100 lookup local');
  sh('ip rule del pref 0');
  const before = detailedRules();
  await HeldVips.remove();
  t.deepEqual(detailedRules(), before);
  sh('ip rule add pref 0 lookup local protocol kernel');
  sh('ip rule del pref 100');
});

for (const [family, vip, own, neighbour, ping] of families) {
  testAsRoot(
    `ip ${family}: TCP and UDP for a VIP are refused while it is one, and arrive at the node's own address`,
    async (t) => {
      const held = new HeldVips(['eth0']);
      const ways = () => ['tcp', 'udp', ping].map((protocol) => wayOf(family, neighbour, vip, protocol));
      await held.set(new Set([vip]));
      t.deepEqual(ways(), ['refused', 'refused', 'here']);
      t.is(wayOf(family, neighbour, own, 'tcp'), 'here');
      await held.set(new Set());
      t.deepEqual(ways(), ['here', 'here', 'here']);
      await HeldVips.remove();
    },
  );
}

testAsRoot('ip -4: what a backend answers from a held VIP is no martian', async (t) => {
  const [[, vip, own]] = families;
  const isLetIn = () => {
    try {
      return sh(`ip -4 route get ${own} from ${vip} iif eth0 ipproto tcp`).startsWith('local');
    } catch {
      return false;
    }
  };
  const held = new HeldVips(['eth0']);
  t.false(isLetIn());
  await held.set(new Set([vip]));
  t.true(isLetIn());
  await HeldVips.remove();
});
