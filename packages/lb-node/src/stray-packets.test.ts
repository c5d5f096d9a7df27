import test from 'ava';
import { refuseStrayPackets } from './stray-packets.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (isRoot) enterPrivateNetwork();
});

/** Destinations of the routes that answer "unreachable", of whoever made them. */
const unreachable = (family: '-4' | '-6') =>
  [...sh(`ip ${family} route show type unreachable`).matchAll(/^unreachable (\S+)/gm)].map(([, prefix]) => prefix);

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
