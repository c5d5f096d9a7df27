import test from 'ava';
import { routerIdsOf } from './router-ids.js';

const vipsOf = (count: number) => Array.from({ length: count }, (_, at) => `198.51.100.${at + 1}`);

test('every VIP of a family has an id of its own, in whatever order they come', (t) => {
  const vips = vipsOf(255);
  const ids = routerIdsOf(vips, {});
  t.deepEqual(
    [...ids.values()].sort((a, b) => a - b),
    Array.from({ length: 255 }, (_, at) => at + 1),
  );
  t.deepEqual(new Map([...routerIdsOf(vips.toReversed(), {})].sort()), new Map([...ids].sort()));
});

test('an id that a VIP was given is not given to another', (t) => {
  const [hashed] = routerIdsOf(['198.51.100.10'], {}).values();
  const ids = routerIdsOf(['198.51.100.10', '198.51.100.11'], { '198.51.100.11': hashed as number });
  t.is(ids.get('198.51.100.11'), hashed);
  t.is(ids.get('198.51.100.10'), ((hashed as number) % 255) + 1);
});

test('an IPv6 VIP may have the id of an IPv4 VIP', (t) => {
  const given = { '198.51.100.10': 7, '2001:db8::10': 7 };
  t.deepEqual([...routerIdsOf(Object.keys(given), given).values()], [7, 7]);
});

test('256 VIPs of a family are more than there are ids, and the error says so', (t) => {
  const error = t.throws(() => routerIdsOf([...vipsOf(255), '203.0.113.1'], {}));
  t.like(error, { code: 'ROUTER_IDS_EXHAUSTED', details: { family: 'IPv4', vips: 256 } });
});
