import test from 'ava';
import { ProbeWheel } from './probe-wheel.js';

/** Adds items all at once, and resolves to what began in each turn of the event loop when all have begun. */
function spin(count: number, toMs: number): Promise<readonly number[][]> {
  return new Promise((resolve) => {
    const turns: number[][] = [];
    let turn: number[] | undefined;
    let begun = 0;
    const wheel = new ProbeWheel<number>({
      now: () => performance.now(),
      random: Math.random,
      begin: (item) => {
        if (turn === undefined) {
          turn = [];
          turns.push(turn);
          setImmediate(() => {
            turn = undefined;
          });
        }
        turn.push(item);
        begun++;
        if (begun === count) resolve(turns);
      },
    });
    for (let item = 0; item < count; item++) wheel.add(item, 0, toMs);
  });
}

test('items that came all at once begin spread over their time, each once', async (t) => {
  const turns = await spin(1000, 500);
  t.is(new Set(turns.flat()).size, 1000);
  t.true(Math.max(...turns.map((turn) => turn.length)) < 200, `begun per turn: ${turns.map((turn) => turn.length)}`);
});

test('of two slots an item takes the emptier one', async (t) => {
  let nowMs = 0;
  const chances = [0.1, 0.1, 0.1, 0.9];
  const begun: string[] = [];
  const wheel = new ProbeWheel<string>({
    now: () => nowMs,
    random: () => chances.shift() ?? 0,
    begin: (item) => begun.push(item),
  });
  t.teardown(() => wheel[Symbol.dispose]());
  wheel.add('first', 0, 100);
  wheel.add('second', 0, 100);
  nowMs = 30;
  await new Promise((resolve) => setTimeout(resolve, 15));
  t.deepEqual(begun, ['first']);
});

test('an item that is deleted does not begin, and one that is added again begins once', async (t) => {
  const begun: string[] = [];
  await new Promise<void>((resolve) => {
    const wheel = new ProbeWheel<string>({
      now: () => performance.now(),
      random: Math.random,
      begin: (item) => {
        begun.push(item);
        if (item === 'last') resolve();
      },
    });
    wheel.add('deleted', 0, 20);
    wheel.add('twice', 0, 20);
    wheel.add('twice', 20, 40);
    wheel.add('last', 100, 100);
    wheel.delete('deleted');
  });
  t.deepEqual(begun, ['twice', 'last']);
});

test('after a stall what was missed is caught up in portions', async (t) => {
  const spinning = spin(200, 200);
  const stallEndMs = performance.now() + 300;
  while (performance.now() < stallEndMs);
  const turns = (await spinning).map((turn) => turn.length);
  t.true(Math.max(...turns) < 100, `begun per turn: ${turns}`);
});
