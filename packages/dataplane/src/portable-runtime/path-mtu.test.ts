import { addressToBytes } from '@weir/packet';
import test from 'ava';
import { enterPrivateNamespaces, ip, isRoot } from '../test-support/private-namespaces.js';
import { PathMtu } from './path-mtu.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: network namespaces need root\n');
test.before(() => {
  if (!isRoot) return;
  enterPrivateNamespaces();
  ip('link add eth0 mtu 1400 type veth peer name peer0');
  for (const name of ['eth0', 'peer0']) ip(`link set ${name} up`);
  ip('addr add 10.0.0.11/24 dev eth0');
  ip('addr add fd00::11/64 dev eth0 nodad');
});

testAsRoot('the MTU of a route is the one of its link, or its own, in both families', (t) => {
  using mtu = new PathMtu();
  ip('route add 192.0.2.0/24 via 10.0.0.1 mtu 1300');
  t.deepEqual(
    ['10.0.0.21', 'fd00::21', '192.0.2.10'].map((address) => mtu.to(addressToBytes(address))),
    [1400, 1400, 1300],
  );
});

testAsRoot('where no route leads, or one that says unreachable, there is none; and the next is told again', (t) => {
  using mtu = new PathMtu();
  ip('route add unreachable 198.51.100.10');
  t.is(mtu.to(addressToBytes('198.51.100.10')), undefined);
  t.is(mtu.to(addressToBytes('203.0.113.1')), undefined);
  t.is(mtu.to(addressToBytes('2001:db8::1')), undefined);
  t.is(mtu.to(addressToBytes('10.0.0.21')), 1400);
});
