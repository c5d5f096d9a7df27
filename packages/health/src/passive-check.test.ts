import test from 'ava';
import fc from 'fast-check';
import { nextWatched, type PassiveCheck, type WatchedService } from './passive-check.js';

const usual: PassiveCheck = {
  attempts: 10,
  failures: 0.5,
  withinMs: 10_000,
  ejectForMs: 30_000,
  maxEjectForMs: 100_000,
  maxEjected: 0.5,
};

/** What happens to a backend in a second. */
interface Second {
  readonly tried?: number;
  readonly unanswered?: number;
  readonly refused?: number;
  readonly isDown?: boolean;
}

/** Looks at backends once a second, and says who was out after each look. */
class Clients {
  #states: WatchedService = new Map();
  #counts = new Map<string, { tried: number; unanswered: number; refused: number }>();
  #nowMs = 0;

  constructor(readonly check: PassiveCheck = usual) {}

  /** The same for so many seconds. */
  pass(seconds: number, backends: Readonly<Record<string, Second>>): readonly string[] {
    for (let i = 0; i < seconds; i++) this.#second(backends);
    return this.out;
  }

  get out(): readonly string[] {
    return [...this.#states].flatMap(([id, { kind }]) => (kind === 'out' ? [id] : [])).sort();
  }

  reason(id: string): string | undefined {
    const state = this.#states.get(id);
    return state?.kind === 'out' ? state.reason : undefined;
  }

  /** Seconds until a backend that is out comes back by itself. */
  left(id: string): number | undefined {
    const state = this.#states.get(id);
    return state?.kind === 'out' ? (state.untilMs - this.#nowMs) / 1000 : undefined;
  }

  #second(backends: Readonly<Record<string, Second>>): void {
    this.#nowMs += 1000;
    const watched = Object.entries(backends).map(([id, { tried = 0, unanswered = 0, refused = 0, isDown = false }]) => {
      const before = this.#counts.get(id) ?? { tried: 0, unanswered: 0, refused: 0 };
      const count = {
        tried: before.tried + tried,
        unanswered: before.unanswered + unanswered,
        refused: before.refused + refused,
      };
      this.#counts.set(id, count);
      return { id, count, isHealthy: !isDown };
    });
    this.#states = nextWatched(this.#states, watched, this.#nowMs, this.check);
  }
}

const fine: Second = { tried: 10 };
const silent: Second = { tried: 10, unanswered: 10 };
const refusing: Second = { tried: 10, refused: 10 };

test('a backend that answers nobody is left out, and the reason says what was seen', (t) => {
  const clients = new Clients();
  t.deepEqual(clients.pass(20, { a: fine, b: fine }), []);
  // Half fail from the fifth second on; two more are waited for.
  t.deepEqual(clients.pass(6, { a: silent, b: fine }), []);
  t.deepEqual(clients.pass(1, { a: silent, b: fine }), ['a']);
  t.is(clients.reason('a'), '70 of 100 connections in 10 s were not answered (SYN sent again)');
});

test('so is one that refuses, and one that does both', (t) => {
  const clients = new Clients();
  clients.pass(20, { a: refusing, b: fine });
  t.is(clients.reason('a'), '30 of 30 connections in 10 s were refused (RST)');
  const others = new Clients();
  others.pass(20, { a: { tried: 20, unanswered: 9, refused: 11 }, b: fine });
  t.is(others.reason('a'), '60 of 60 connections in 10 s failed: 27 not answered (SYN sent again), 33 refused (RST)');
});

test('few connections say nothing', (t) => {
  const clients = new Clients();
  const few: Second = { tried: 1, unanswered: 1 };
  clients.pass(1, { a: {}, b: fine });
  t.deepEqual(clients.pass(12, { a: few, b: fine }), []);
  t.deepEqual(clients.pass(1, { a: few, b: fine }), ['a']);
});

test('others with few connections do not show that a backend does worse', (t) => {
  const few: Second = { tried: 1 };
  t.deepEqual(new Clients({ ...usual, attempts: 11 }).pass(60, { a: silent, b: few, c: few }), []);
});

test('nor does one that fails too, but seldom enough to stay', (t) => {
  t.deepEqual(new Clients().pass(60, { a: silent, b: { tried: 10, unanswered: 3 } }), []);
  t.deepEqual(new Clients().pass(60, { a: silent, b: { tried: 10, unanswered: 1 } }), ['a']);
});

test('one that comes back into an outage of all is not held to what others did before it', (t) => {
  const clients = new Clients();
  clients.pass(12, { a: silent, b: fine, c: fine });
  while (clients.left('a') !== 3) clients.pass(1, { a: {}, b: fine, c: fine });
  clients.pass(2, { a: {}, b: silent, c: silent });
  t.deepEqual(clients.pass(60, { a: silent, b: silent, c: silent }), []);
});

test('a share of failures below the limit is borne', (t) => {
  const clients = new Clients();
  t.deepEqual(clients.pass(100, { a: { tried: 10, unanswered: 4 }, b: fine }), []);
});

test('what all backends suffer from is held against none', (t) => {
  const clients = new Clients();
  t.deepEqual(clients.pass(60, { a: silent, b: silent, c: silent }), []);
  t.deepEqual(clients.pass(2, { a: silent, b: silent, c: fine }).length, 0);
  t.deepEqual(clients.pass(10, { a: silent, b: silent, c: fine }), ['a']);
});

test('a service with one backend goes on with it', (t) => {
  t.deepEqual(new Clients().pass(60, { a: refusing }), []);
});

test('who else serves must be up by its probes', (t) => {
  const clients = new Clients();
  t.deepEqual(clients.pass(60, { a: silent, b: { isDown: true } }), []);
});

test('no more than the share is out, the worst first, but one at least', (t) => {
  const half: Second = { tried: 10, unanswered: 6 };
  const bad = { a: half, b: silent, c: half, d: fine, e: fine };
  t.deepEqual(new Clients().pass(30, bad), ['a', 'b']);
  t.deepEqual(new Clients({ ...usual, maxEjected: 0.1 }).pass(30, bad), ['b']);
  t.deepEqual(new Clients({ ...usual, maxEjected: 1 }).pass(30, bad), ['a', 'b', 'c']);
});

test('it comes back after its time, and stays out for longer each time that it fails at once', (t) => {
  const clients = new Clients();
  const outFor: number[] = [];
  for (let round = 0; round < 5; round++) {
    while (clients.out.length === 0) clients.pass(1, { a: silent, b: fine });
    outFor.push(clients.left('a') as number);
    while (clients.out.length > 0) clients.pass(1, { a: {}, b: fine });
  }
  t.deepEqual(outFor, [30, 60, 90, 100, 100]);
});

test('one that did well for as long as it was out begins anew', (t) => {
  const clients = new Clients();
  clients.pass(12, { a: silent, b: fine });
  t.deepEqual(clients.pass(40, { a: fine, b: fine }), []);
  t.deepEqual(clients.pass(40, { a: fine, b: fine }), []);
  while (clients.out.length === 0) clients.pass(1, { a: silent, b: fine });
  t.is(clients.left('a'), 30);
});

test('nothing is forgiven while it fails, however short it was out', (t) => {
  const clients = new Clients({ ...usual, withinMs: 3000, ejectForMs: 4000 });
  const bad = { a: { tried: 4, unanswered: 4 }, b: fine };
  while (clients.out.length === 0) clients.pass(1, bad);
  t.is(clients.left('a'), 4);
  while (clients.out.length > 0) clients.pass(1, bad);
  while (clients.out.length === 0) clients.pass(1, bad);
  t.is(clients.left('a'), 8);
});

test('probes that find it up after they found it down bring it back at once', (t) => {
  const clients = new Clients();
  clients.pass(12, { a: silent, b: fine });
  t.deepEqual(clients.pass(2, { a: {}, b: fine }), ['a'], 'probes that always find it up do not');
  t.deepEqual(clients.pass(2, { a: { isDown: true }, b: fine }), ['a']);
  t.deepEqual(clients.pass(1, { a: {}, b: fine }), []);
});

test('what failed while probes found it down does not count when it is up', (t) => {
  const clients = new Clients();
  clients.pass(10, { a: { ...silent, isDown: true }, b: fine });
  t.deepEqual(clients.pass(2, { a: fine, b: fine }), []);
  t.deepEqual(clients.pass(60, { a: fine, b: fine }), []);
});

const second = fc.record({
  tried: fc.nat(20),
  unanswered: fc.nat(20),
  refused: fc.nat(20),
  isDown: fc.boolean(),
});

test('whatever happens: one that serves stays in, the share is kept, and nobody is out for longer than the limit', (t) => {
  const history = fc.array(fc.record({ a: second, b: second, c: second, d: second }), { maxLength: 200 });
  fc.assert(
    fc.property(history, fc.constantFrom(0.01, 0.5, 0.75, 1), (seconds, maxEjected) => {
      const clients = new Clients({ ...usual, maxEjected });
      const outFor = new Map<string, number>();
      for (const backends of seconds) {
        const before = new Set(clients.out);
        const out = clients.pass(1, backends);
        if (out.length > Math.max(1, Math.floor(maxEjected * 4))) return false;
        const fresh = out.filter((id) => !before.has(id));
        const up = Object.entries(backends).filter(([id, { isDown }]) => !isDown && !out.includes(id));
        if (fresh.length > 0 && up.length === 0) return false;
        for (const id of Object.keys(backends)) outFor.set(id, out.includes(id) ? (outFor.get(id) ?? 0) + 1 : 0);
        if (Math.max(...outFor.values()) > usual.maxEjectForMs / 1000) return false;
      }
      return true;
    }),
  );
  t.pass();
});

test('a backend where no connection fails is never left out, whatever becomes of the others', (t) => {
  const history = fc.array(fc.record({ b: second, c: second }), { maxLength: 100 });
  fc.assert(
    fc.property(history, (seconds) => {
      const clients = new Clients();
      return seconds.every((others) => !clients.pass(1, { a: { tried: 5 }, ...others }).includes('a'));
    }),
  );
  t.pass();
});

/** Connections that begin at a backend within a second: 5 to 25, now more, now fewer. */
const arrivals = fc.array(fc.integer({ min: 5, max: 25 }), { minLength: 60, maxLength: 60 });
const failure = fc.constantFrom('unanswered' as const, 'refused' as const);

/** Of the connections that begin within second `at`, this share fails; that nobody answered shows a second later. */
function secondOf(
  tried: readonly number[],
  at: number,
  kind: 'unanswered' | 'refused',
  shareAt: (at: number) => number,
) {
  const failed = (when: number) => Math.round((tried[when] ?? 0) * shareAt(when));
  return { tried: tried[at] ?? 0, [kind]: failed(kind === 'unanswered' ? at - 1 : at) };
}

/** How much of second `at` lies between two times, in seconds. */
function overlap(at: number, from: number, to: number): number {
  return Math.max(0, Math.min(at + 1, to) - Math.max(at, from));
}

const twoToFive = { minLength: 2, maxLength: 5 } as const;

test('an outage of all backends that reaches each a little sooner or later takes none out', (t) => {
  const late = fc.double({ min: 0, max: 1.5, noNaN: true });
  const backends = fc.array(fc.record({ tried: arrivals, kind: failure, beginLate: late, endLate: late }), twoToFive);
  fc.assert(
    fc.property(backends, fc.integer({ min: 2, max: 30 }), (all, lasts) => {
      const clients = new Clients({ ...usual, maxEjected: 1 });
      return Array.from({ length: 60 }, (_, at) =>
        clients.pass(
          1,
          Object.fromEntries(
            all.map(({ tried, kind, beginLate, endLate }, i) => {
              const share = (when: number) => overlap(when, 15 + beginLate, 15 + lasts + endLate);
              return [`b${i}`, secondOf(tried, at, kind, share)];
            }),
          ),
        ),
      ).every((out) => out.length === 0);
    }),
  );
  t.pass();
});

test('SYNs that come twice at all backends alike take none out, however large their share', (t) => {
  // Of each second's connections, so many more or less than the share come twice.
  const chance = fc.array(fc.double({ min: -0.15, max: 0.15, noNaN: true }), { minLength: 60, maxLength: 60 });
  const backends = fc.array(fc.record({ tried: arrivals, chance }), twoToFive);
  const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0.48, 0.5, 0.52));
  fc.assert(
    fc.property(backends, share, (all, doubled) => {
      const clients = new Clients({ ...usual, maxEjected: 1 });
      return Array.from({ length: 60 }, (_, at) =>
        clients.pass(
          1,
          Object.fromEntries(
            all.map(({ tried, chance: more }, i) => {
              const shareAt = (when: number) => Math.min(1, Math.max(0, doubled + (more[when] ?? 0)));
              return [`b${i}`, secondOf(tried, at, 'unanswered', shareAt)];
            }),
          ),
        ),
      ).every((out) => out.length === 0);
    }),
  );
  t.pass();
});

test('one bad backend among good ones is taken out, and no other', (t) => {
  const backends = fc.array(arrivals, twoToFive);
  const beginsAt = fc.integer({ min: 0, max: 30 });
  const share = fc.double({ min: 0.75, max: 1, noNaN: true });
  fc.assert(
    fc.property(backends, beginsAt, share, failure, (all, begin, failing, kind) => {
      const clients = new Clients();
      const out = Array.from({ length: 60 }, (_, at) =>
        clients.pass(
          1,
          Object.fromEntries(
            all.map((tried, i) => [
              `b${i}`,
              secondOf(tried, at, kind, (when) => (i === 0 && when >= begin ? failing : 0.05)),
            ]),
          ),
        ),
      );
      // The window, the second of which nobody knows yet, and the time for which it is held back.
      return out[begin + 14]?.join() === 'b0' && out.every((ids) => ids.every((id) => id === 'b0'));
    }),
  );
  t.pass();
});
