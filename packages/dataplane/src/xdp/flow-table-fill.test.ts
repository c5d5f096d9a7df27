import test from 'ava';
import { sampledFill } from './flow-table-fill.js';
import { Flow } from './layout.js';

function table(places: number, isTaken: (place: number) => boolean): BigUint64Array<ArrayBuffer> {
  const words = new BigUint64Array(places * 2);
  for (let place = 0; place < places; place++) if (isTaken(place)) words[place * 2] = 0x1234_5678_0000_0000n;
  return words;
}

test('a small table is counted place by place; one that is being written to counts as free', (t) => {
  const flows = table(64, (place) => place < 10);
  flows[40] = 1n;
  t.deepEqual(sampledFill(flows.buffer, Flow.bytes), { taken: 10, places: 64 });
});

test('of a large table some sets speak for all', (t) => {
  const places = 1 << 20;
  // A third of the places, spread without a pattern that the sample could follow.
  const flows = table(places, (place) => Math.imul(place, 0x9e37_79b1) >>> 0 < 2 ** 32 / 3);
  const { taken } = sampledFill(flows.buffer, Flow.bytes);
  t.true(Math.abs(taken / places - 1 / 3) < 0.005, `${taken} of ${places}`);
});
