import test from 'ava';
import { Chance } from '../chance.js';
import { livingFlowDurationMs, MEAN_DURATION_MS, newFlowDurationMs } from './flow-durations.js';
import { Flows } from './flows.js';

function shareBelow(durations: readonly number[], belowMs: number): number {
  return durations.filter((durationMs) => durationMs < belowMs).length / durations.length;
}

test('of new flows 45 % last less than 2 s, 98 % less than 15 minutes', (t) => {
  const chance = new Chance(1);
  const durations = Array.from({ length: 100_000 }, () => newFlowDurationMs(chance));
  const shares = [2000, 900_000].map((ms) => shareBelow(durations, ms));
  t.true(Math.abs((shares[0] as number) - 0.45) < 0.01 && Math.abs((shares[1] as number) - 0.98) < 0.002, `${shares}`);
});

test('flows that are met while they live are long ones: as if new ones had been drawn by their length', (t) => {
  const chance = new Chance(1);
  const living = Array.from({ length: 100_000 }, () => livingFlowDurationMs(chance));
  const drawn = Array.from({ length: 1_000_000 }, () => newFlowDurationMs(chance));
  for (const ms of [60_000, 900_000]) {
    const weight = drawn.reduce((sum, each) => (each < ms ? sum + each : sum), 0) / (drawn.length * MEAN_DURATION_MS);
    t.true(Math.abs(shareBelow(living, ms) - weight) < 0.01, `below ${ms} ms: ${shareBelow(living, ms)} and ${weight}`);
  }
});

test('as many flows live after an hour as at the start, and those were few of all', (t) => {
  const flows = new Flows(new Chance(1), 20_000);
  for (let ms = 0; ms < 3_600_000; ms += 60_000) flows.pass({ fromMs: ms, toMs: ms + 60_000 });
  t.true(Math.abs(flows.living / 20_000 - 1) < 0.03, `${flows.living}`);
  const begun = (20_000 * 3_600_000) / MEAN_DURATION_MS;
  t.true(Math.abs((flows.begun - 20_000) / begun - 1) < 0.02, `${flows.begun}`);
});

test('packets are of the epoch, a flow that begins sends its first in it, and none is from after its end', (t) => {
  const flows = new Flows(new Chance(1), 2000);
  for (const [fromMs, toMs] of [
    [0, 1000],
    [1000, 61_000],
    [61_000, 61_500],
  ] as const) {
    const endsMs = Float64Array.from(flows.endMs);
    const packets = flows.pass({ fromMs, toMs });
    t.true(packets.count > 0);
    for (let i = 0; i < packets.count; i++) {
      const [firstMs, lastMs] = [packets.firstMs[i] as number, packets.lastMs[i] as number];
      const flow = packets.flow[i] as number;
      const endMs = packets.begins[i] === 1 ? Number.POSITIVE_INFINITY : (endsMs[flow] as number);
      if (!(firstMs >= fromMs && firstMs <= lastMs && lastMs <= toMs && lastMs <= endMs)) {
        t.fail(
          `packets from ${firstMs} to ${lastMs} ms, in ${fromMs} to ${toMs} ms, of a flow that ends at ${endMs} ms`,
        );
      }
      if (packets.begins[i] === 1) t.is(flows.startMs[flow], firstMs);
    }
  }
});
