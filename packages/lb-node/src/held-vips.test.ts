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

const rules = () => families.map(([family]) => sh(`ip ${family} rule`));

/** Where a packet goes that comes in by eth0. */
function wayOf(family: string, source: string, destination: string, protocol: string): 'here' | 'refused' {
  try {
    const answer = sh(`ip ${family} route get ${destination} from ${source} iif eth0 ipproto ${protocol}`);
    return answer.startsWith('local') ? 'here' : 'refused';
  } catch {
    return 'refused';
  }
}

testAsRoot('the rules are there once, whoever came before, and those of the kernel come back', async (t) => {
  const kernelRules = rules();
  await HeldVips.open(['eth0']);
  const once = rules();
  const held = await HeldVips.open(['eth0']);
  t.deepEqual(rules(), once);
  t.false(once.some((text) => /^0:/m.test(text)));
  await held.close();
  t.deepEqual(rules(), kernelRules);
});

for (const [family, vip, own, neighbour, ping] of families) {
  testAsRoot(
    `ip ${family}: TCP and UDP for a VIP are refused while it is one, and arrive at the node's own address`,
    async (t) => {
      const held = await HeldVips.open(['eth0']);
      const ways = () => ['tcp', 'udp', ping].map((protocol) => wayOf(family, neighbour, vip, protocol));
      await held.set(new Set([vip]));
      t.deepEqual(ways(), ['refused', 'refused', 'here']);
      t.is(wayOf(family, neighbour, own, 'tcp'), 'here');
      await held.set(new Set());
      t.deepEqual(ways(), ['here', 'here', 'here']);
      await held.close();
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
  const held = await HeldVips.open(['eth0']);
  t.false(isLetIn());
  await held.set(new Set([vip]));
  t.true(isLetIn());
  await held.close();
});
