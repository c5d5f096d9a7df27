import test from 'ava';
import { PortParts } from './port-parts.js';

const even = { first: 1024, last: 33_279 };
const odd = { first: 33_280, last: 65_535 };

interface Story {
  /** What the store says, asked for the first time, the second...; the last answer stays. */
  readonly life: readonly (number | undefined)[];
  readonly left: readonly (number | undefined)[];
  readonly settleMs?: number;
  readonly random?: number;
}

/** Runs it for so many minutes, and returns its ports at the beginning and after each. */
async function portsOf({ life, left, settleMs = 0, random = 0 }: Story, minutes: number) {
  const lives = [...life];
  const lefts = [...left];
  const next = <T>(answers: T[]) => (answers.length > 1 ? answers.shift() : answers[0]) as T;
  let nowMs = 0;
  let changes = 0;
  const stop = new AbortController();
  const asked: number[] = [];
  const parts = new PortParts({
    lifeNumber: async () => next(lives),
    foreignFlowsLeft: async () => {
      asked.push(nowMs);
      return next(lefts);
    },
    settleMs,
    onChange: () => changes++,
    now: () => nowMs,
    random: () => random,
    wait: async (ms) => {
      nowMs += ms;
      ports.push(parts.localPorts);
      if (nowMs >= minutes * 60_000) stop.abort();
    },
  });
  await parts.begin();
  const ports = [parts.localPorts];
  await parts.run(stop.signal);
  return { ports, atEnd: parts.localPorts, changes, asked };
}

test('lives take turns with the halves, which share no port and leave none out', async (t) => {
  const first = async (life: number) => (await portsOf({ life: [life], left: [1] }, 1)).ports[0];
  t.deepEqual([await first(1), await first(2), await first(3)], [odd, even, odd]);
});

test('while another node serves flows of the former life it stays at its half, then all ports are its own', async (t) => {
  const { ports, atEnd } = await portsOf({ life: [7], left: [20, 3, undefined, 0] }, 10);
  t.deepEqual(ports, [odd, odd, odd, odd]);
  t.is(atEnd, undefined);
});

test('that nobody can say what is left does not mean that nothing is', async (t) => {
  const { atEnd } = await portsOf({ life: [7], left: [undefined] }, 100);
  t.deepEqual(atEnd, odd);
});

test('before flows had time to be taken over nobody is asked what is left of them', async (t) => {
  const { asked, atEnd } = await portsOf({ life: [8], left: [0], settleMs: 150_000 }, 10);
  t.deepEqual(asked, [180_000]);
  t.is(atEnd, undefined);
});

test('without the store chance says which half, until the store does', async (t) => {
  const { ports } = await portsOf({ life: [undefined, undefined, undefined, 4], left: [5], random: 0.7 }, 4);
  t.deepEqual(ports, [odd, odd, odd, even, even]);
  t.deepEqual((await portsOf({ life: [undefined], left: [5], random: 0.2 }, 1)).ports[0], even);
});

test('without a number of its life a node does not take all ports', async (t) => {
  const { atEnd, asked } = await portsOf({ life: [undefined], left: [0], random: 0.7 }, 5);
  t.deepEqual([atEnd, asked], [odd, []]);
});

test('each change is told, and nothing else', async (t) => {
  t.is((await portsOf({ life: [2], left: [1, 0], random: 0.2 }, 5)).changes, 1);
  t.is((await portsOf({ life: [1], left: [1, 0], random: 0.2 }, 5)).changes, 2);
});

test('a signal ends the waiting', async (t) => {
  const stop = new AbortController();
  const parts = new PortParts({
    lifeNumber: async () => 1,
    foreignFlowsLeft: async () => {
      setImmediate(() => stop.abort());
      return 1;
    },
    settleMs: 0,
    onChange: () => {},
    now: () => 0,
  });
  await parts.run(stop.signal);
  t.deepEqual(parts.localPorts, odd);
});
