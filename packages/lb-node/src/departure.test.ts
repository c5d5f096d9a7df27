import test from 'ava';
import { type Departure, type DepartureEvent, markedForShutdown, nextDeparture } from './departure.js';

const event: DepartureEvent = { leaves: true, announces: true, nowMs: 5_000, gracefulShutdownMs: 1_000 };
const marked: Departure = { kind: 'marked', untilMs: 6_000 };

test('a node that leaves marks its routes for a while, then withdraws them', (t) => {
  const first = nextDeparture({ kind: 'staying' }, event);
  t.deepEqual(first, marked);
  t.deepEqual(nextDeparture(first, { ...event, nowMs: 5_999 }), marked);
  t.deepEqual(nextDeparture(first, { ...event, nowMs: 6_000 }), { kind: 'withdrawn' });
  t.deepEqual(nextDeparture({ kind: 'withdrawn' }, { ...event, nowMs: 9_000 }), { kind: 'withdrawn' });
});

test('a node that is wanted again announces as before, wherever it was on its way out', (t) => {
  for (const current of [marked, { kind: 'withdrawn' }] as const) {
    t.deepEqual(nextDeparture(current, { ...event, leaves: false }), { kind: 'staying' });
  }
});

test('a node without routes, and one that is not to mark them, withdraws at once', (t) => {
  t.deepEqual(nextDeparture({ kind: 'staying' }, { ...event, announces: false }), { kind: 'withdrawn' });
  t.deepEqual(nextDeparture({ kind: 'staying' }, { ...event, gracefulShutdownMs: 0 }), { kind: 'withdrawn' });
});

test('a marked route keeps its attributes and its communities, and is the least preferred', (t) => {
  const route = { prefix: '198.51.100.10/32', nextHop: '10.0.0.11', med: 10, localPreference: 200 };
  t.deepEqual(markedForShutdown({ ...route, communities: ['64512:100'] }), {
    ...route,
    communities: ['64512:100', 'graceful-shutdown'],
    localPreference: 0,
  });
  const again = markedForShutdown(markedForShutdown(route));
  t.deepEqual(again.communities, ['graceful-shutdown']);
});
