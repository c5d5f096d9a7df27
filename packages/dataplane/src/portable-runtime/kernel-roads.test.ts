import { addressToBytes } from '@weir/packet';
import test from 'ava';
import { frameTo } from '../portable/next-hop.js';
import { KernelRoads } from './kernel-roads.js';

const backend = addressToBytes('10.0.0.21');
const packet = Uint8Array.of(0x45);

test('a frame to a next hop says which address was asked for; one that goes back to its sender says none', (t) => {
  const roads = new KernelRoads(() => 1500);
  roads.resolve(addressToBytes('fd00::21'));
  const hop = roads.resolve(backend);
  if (hop === 'no_route') return t.fail();
  t.is(roads.nextHopOf(frameTo(hop, 4, packet)), '10.0.0.21');
  t.is(roads.nextHopOf(new Uint8Array(20)), undefined);
});

test('the kernel is asked once a second and address', (t) => {
  let asked = 0;
  const roads = new KernelRoads(() => {
    asked++;
    return 1500;
  });
  const askedBy = [5, 5, 6, 6].map((nowTicks) => {
    roads.nowTicks = nowTicks;
    roads.resolve(backend);
    return asked;
  });
  t.deepEqual(askedBy, [1, 1, 2, 2]);
});

test('an address without a route has none until the kernel has one', (t) => {
  let mtuBytes: number | undefined;
  const roads = new KernelRoads(() => mtuBytes);
  t.is(roads.resolve(backend), 'no_route');
  mtuBytes = 1400;
  roads.nowTicks = 1;
  t.like(roads.resolve(backend), { mtuBytes: 1400 });
});

test('a thousand errors a second are sent, and the next second a thousand more', (t) => {
  const roads = new KernelRoads(() => 1500);
  const allowed = (nowTicks: number) => Array.from({ length: 1100 }, () => roads.mayComplain(nowTicks)).filter(Boolean);
  t.deepEqual([allowed(3).length, allowed(4).length], [1000, 1000]);
});
