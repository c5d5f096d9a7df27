import test from 'ava';
import { holdLocalAddresses } from './local-addresses.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, onPeer, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  sh('sysctl -q net.ipv6.conf.eth0.forwarding=1 net.ipv6.conf.eth0.proxy_ndp=1');
});
test.afterEach.always(async () => {
  if (isRoot) await holdLocalAddresses([], []);
});

const held = () =>
  ['-4', '-6'].flatMap((family) =>
    [...sh(`ip ${family} route show table local proto 177`).matchAll(/^local (\S+) dev lo/gm)].map(([, dst]) => dst),
  );
/** Does the neighbour get an answer? */
const isAnswered = async (address: string) => {
  try {
    onPeer(`ping -c 1 -W 1 ${address}`);
    return true;
  } catch {
    return undefined;
  }
};

testAsRoot('a neighbour that asks for a local address is answered, in both families', async (t) => {
  await holdLocalAddresses(['10.0.0.111', 'fd00::111'], ['eth0']);
  t.true(await eventually('an answer of 10.0.0.111', () => isAnswered('10.0.0.111')));
  t.true(await eventually('an answer of fd00::111', () => isAnswered('fd00::111')));
});

testAsRoot('an address that is not wanted any more goes, another stays', async (t) => {
  await holdLocalAddresses(['10.0.0.111', '10.0.0.112', 'fd00::111'], ['eth0']);
  t.deepEqual(held(), ['10.0.0.111', '10.0.0.112', 'fd00::111']);
  await holdLocalAddresses(['10.0.0.112'], ['eth0']);
  t.deepEqual(held(), ['10.0.0.112']);
  t.is(sh('ip -6 neigh show proxy'), '');
  await holdLocalAddresses(['10.0.0.112'], ['eth0']);
  t.deepEqual(held(), ['10.0.0.112']);
});

testAsRoot('a local address is not taken as source of the own connections', async (t) => {
  await holdLocalAddresses(['10.0.0.111', 'fd00::111'], ['eth0']);
  t.regex(sh('ip route get 10.0.0.21'), /src 10\.0\.0\.11 /);
  t.regex(sh('ip route get fd00::21'), /src fd00::11 /);
});

testAsRoot("somebody else's local routes and proxied neighbours stay", async (t) => {
  sh('ip route add local 10.0.0.200 dev lo');
  sh('ip -6 neigh add proxy fd00::200 dev eth0');
  await holdLocalAddresses([], ['eth0']);
  t.regex(sh('ip route show table local'), /local 10\.0\.0\.200/);
  t.regex(sh('ip -6 neigh show proxy'), /fd00::200/);
});
