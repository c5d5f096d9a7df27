import test from 'ava';
import { mtuFinding } from './mtu.js';

const way = { service: 'web', backend: '10.0.0.21', extraBytes: 32, interface: 'eth0', isOfRoute: false };

test('a way that takes a packet of 1500 bytes with what is put before it is right', (t) => {
  t.is(mtuFinding({ ...way, mtuBytes: 1532 }).verdict, 'ok');
});

test('a way that takes 1280 bytes and not 1500 serves, with a warning that says how to widen it', (t) => {
  for (const mtuBytes of [1531, 1500, 1312]) {
    t.like(mtuFinding({ ...way, mtuBytes }), { verdict: 'warning', commands: ['ip link set dev eth0 mtu 1532'] });
  }
});

test('a way that does not take 1280 bytes is a fault', (t) => {
  t.like(mtuFinding({ ...way, mtuBytes: 1311 }), {
    verdict: 'fault',
    wanted: "an MTU of 1532, for clients' packets of 1500 bytes",
  });
});

test('a route that is narrower than its interface is what has to be mended', (t) => {
  const finding = mtuFinding({ ...way, mtuBytes: 1400, isOfRoute: true });
  t.like(finding, {
    verdict: 'warning',
    cure: 'the route to 10.0.0.21 is narrower than its interface: raise its mtu ("ip route show 10.0.0.21")',
  });
  t.false('commands' in finding);
});
