import { execFileSync } from 'node:child_process';
import test from 'ava';
import { refuseStrayPackets } from './kernel-settings.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (isRoot) enterPrivateNetwork();
});

/**
 * Calls it in a process of its own, which is in the private network as a whole: here, files are read by threads of a pool
 * that may be older than the private network, and would reach the settings of the machine.
 */
function enableForwarding(interfaceName: string): readonly string[] {
  const script = `import { enableForwarding } from '${new URL('kernel-settings.js', import.meta.url).href}';
    console.log(JSON.stringify(await enableForwarding('${interfaceName}')));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
}
const forwarding = (family: 'ipv4' | 'ipv6') => sh(`sysctl -n net.${family}.conf.eth0.forwarding`).trim();
/** Destinations of the routes that answer "unreachable", of whoever made them. */
const unreachable = (family: '-4' | '-6') =>
  [...sh(`ip ${family} route show type unreachable`).matchAll(/^unreachable (\S+)/gm)].map(([, prefix]) => prefix);

testAsRoot('forwarding is turned on in both families, and only what was off is told', (t) => {
  sh('sysctl -q net.ipv4.conf.eth0.forwarding=1 net.ipv6.conf.eth0.forwarding=0');
  t.deepEqual(enableForwarding('eth0'), ['net.ipv6.conf.eth0.forwarding']);
  t.deepEqual(enableForwarding('eth0'), []);
  t.deepEqual([forwarding('ipv4'), forwarding('ipv6')], ['1', '1']);
});

testAsRoot('an interface that does not exist is left for attaching to complain of', (t) => {
  t.deepEqual(enableForwarding('eth7'), []);
});

testAsRoot('each VIP gets an unreachable route, and one that is no VIP any more loses it', async (t) => {
  await refuseStrayPackets(['198.51.100.10', '2001:db8:100::10']);
  t.deepEqual([unreachable('-4'), unreachable('-6')], [['198.51.100.10'], ['2001:db8:100::10']]);
  await refuseStrayPackets(['198.51.100.11', '2001:db8:100::10']);
  t.deepEqual([unreachable('-4'), unreachable('-6')], [['198.51.100.11'], ['2001:db8:100::10']]);
  await refuseStrayPackets([]);
  t.deepEqual([unreachable('-4'), unreachable('-6')], [[], []]);
});

testAsRoot("somebody else's unreachable route stays", async (t) => {
  sh('ip route add unreachable 203.0.113.0/24');
  t.teardown(() => sh('ip route del unreachable 203.0.113.0/24'));
  await refuseStrayPackets([]);
  t.deepEqual(unreachable('-4'), ['203.0.113.0/24']);
});

testAsRoot('what reaches a VIP and is no service is answered, not sent on', async (t) => {
  await refuseStrayPackets(['198.51.100.10']);
  t.teardown(() => refuseStrayPackets([]));
  t.throws(() => sh('ip route get 198.51.100.10'), { message: /No route to host/ });
});
