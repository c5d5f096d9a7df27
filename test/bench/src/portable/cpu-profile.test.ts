import test from 'ava';
import { mostExpensive, profileCpu } from './cpu-profile.js';

function frame(functionName: string, url: string, lineNumber: number) {
  return { functionName, url, lineNumber, columnNumber: 0, scriptId: '1' };
}

test('the time of a function is that of all ways that led to it, and not that of what it calls', (t) => {
  const profile = {
    startTime: 0,
    endTime: 100,
    nodes: [
      { id: 1, callFrame: frame('(root)', '', -1), children: [2, 3] },
      { id: 2, callFrame: frame('forward', 'file:///d/engine.js', 9), children: [4] },
      { id: 3, callFrame: frame('hash', 'file:///d/hash.js', 0) },
      { id: 4, callFrame: frame('hash', 'file:///d/hash.js', 0) },
    ],
    samples: [2, 3, 4, 4],
    timeDeltas: [4000, 1000, 2000, 3000],
  };
  t.deepEqual(mostExpensive(profile, 1), [{ name: 'hash', place: 'hash.js:1', selfMs: 6, share: 0.6 }]);
  t.deepEqual(
    mostExpensive(profile, 9).map(({ name, selfMs }) => [name, selfMs]),
    [
      ['hash', 6],
      ['forward', 4],
    ],
  );
});

test('a profile of a loop is of the function that loops', async (t) => {
  const { result, profile } = await profileCpu(function loops() {
    let sum = 0;
    for (let i = 0; i < 100_000_000; i++) sum += Math.sqrt(i);
    return sum;
  });
  t.true(result > 0);
  t.is(mostExpensive(profile, 1)[0]?.name, 'loops');
});
