import test from 'ava';
import { PortParts } from './port-parts.js';

/** What lives begin with, and come to take: from 1024 on in four parts of 16,128 ports. */
const turns = [
  { begins: { first: 1024, last: 17_151 }, widens: { first: 1024, last: 33_279 } },
  { begins: { first: 33_280, last: 49_407 }, widens: { first: 1024, last: 49_407 } },
  { begins: { first: 49_408, last: 65_535 }, widens: { first: 33_280, last: 65_535 } },
  { begins: { first: 17_152, last: 33_279 }, widens: { first: 17_152, last: 65_535 } },
] as const;
const [zeroth, first, , third] = turns;

interface Story {
  /** What the store says, asked for the first time, the second...; the last answer stays. */
  readonly life: readonly (number | undefined)[];
  readonly left: readonly (number | undefined)[];
  readonly settleMs?: number;
  readonly random?: number;
}

/** Runs it for so many minutes, and returns its ports at the beginning and whenever it has waited. */
async function portsOf({ life, left, settleMs = 0, random = 0 }: Story, minutes: number) {
  const lives = [...life];
  const lefts = [...left];
  const next = <T>(answers: T[]) => (answers.length > 1 ? answers.shift() : answers[0]) as T;
  let nowMs = 0;
  let changes = 0;
  const stop = new AbortController();
  const asked: number[] = [];
  const lifeAsked: number[] = [];
  const parts = new PortParts({
    lifeNumber: async () => {
      lifeAsked.push(nowMs);
      return next(lives);
    },
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
  return { ports, atEnd: parts.localPorts, changes, asked, lifeAsked };
}

test('each life begins with a quarter of the ports, and four lives with all of them', async (t) => {
  for (let life = 0; life < 8; life++) {
    const { ports } = await portsOf({ life: [life], left: [1] }, 1);
    t.deepEqual(ports[0], turns[life % 4]?.begins);
  }
  const inOrder = turns.map(({ begins }) => begins).sort((a, b) => a.first - b.first);
  t.deepEqual([inOrder[0]?.first, inOrder.at(-1)?.last], [1024, 65_535]);
  for (const [i, { last }] of inOrder.slice(0, -1).entries()) t.is(inOrder[i + 1]?.first as number, last + 1);
});

test('no life ever takes a port that the next one begins with, and each keeps its own and comes to half of all', async (t) => {
  for (let life = 0; life < 4; life++) {
    const { ports, atEnd } = await portsOf({ life: [life], left: [1, 0] }, 10);
    const next = (await portsOf({ life: [life + 1], left: [1] }, 1)).ports[0];
    const [begun] = ports;
    if (begun === undefined || next === undefined) return t.fail();
    t.deepEqual(atEnd, turns[life]?.widens);
    t.true(atEnd.last < next.first || next.last < atEnd.first, `life ${life}`);
    t.true(atEnd.first <= begun.first && begun.last <= atEnd.last, `life ${life}`);
    t.true(atEnd.last - atEnd.first + 1 >= 64_512 / 2, `life ${life}`);
  }
});

test('while another node serves flows of former lives it stays at its quarter', async (t) => {
  const { begins, widens } = third;
  const { ports, atEnd } = await portsOf({ life: [7], left: [20, 3, undefined, 0] }, 10);
  t.deepEqual(ports, [begins, begins, begins, begins]);
  t.deepEqual(atEnd, widens);
});

test('that nobody can say what is left does not mean that nothing is', async (t) => {
  const { atEnd } = await portsOf({ life: [7], left: [undefined] }, 100);
  t.deepEqual(atEnd, third.begins);
});

test('before flows had time to be taken over nobody is asked what is left of them', async (t) => {
  const { asked, atEnd } = await portsOf({ life: [8], left: [0], settleMs: 150_000 }, 10);
  t.deepEqual(asked, [180_000]);
  t.deepEqual(atEnd, zeroth.widens);
});

test('without the store chance says which quarter, until the store does, which is asked every second', async (t) => {
  const story = { life: [undefined, undefined, undefined, 4], left: [5], random: 0.3 };
  const { ports, lifeAsked } = await portsOf(story, 2);
  t.deepEqual(ports, [first.begins, first.begins, first.begins, zeroth.begins, zeroth.begins]);
  t.deepEqual(lifeAsked, [0, 0, 1_000, 2_000]);
  for (const [turn, { begins }] of turns.entries()) {
    const story = { life: [undefined], left: [5], random: turn / 4 + 0.2 };
    t.deepEqual((await portsOf(story, 1)).ports[0], begins);
  }
});

test('without a number of its life a node takes no more', async (t) => {
  const { atEnd, asked } = await portsOf({ life: [undefined], left: [0], random: 0.3 }, 5);
  t.deepEqual([atEnd, asked], [first.begins, []]);
});

test('each change is told, and nothing else', async (t) => {
  t.is((await portsOf({ life: [4], left: [1, 0], random: 0.2 }, 5)).changes, 1);
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
  t.deepEqual(parts.localPorts, first.begins);
});
