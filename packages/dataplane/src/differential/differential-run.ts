import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { arbitrarySteps } from './arbitrary-steps.js';
import { arbitraryTables } from './arbitrary-tables.js';
import { compareEngines, type Difference } from './compare-engines.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { encodePcap } from './pcap.js';
import type { Scenario } from './scenario.js';

const SCENARIOS_PER_BATCH = 50;
const STEPS_MAX = 200;
/** What seldom happens may be missing from a run, and is missing from one so much longer only if it can't happen. */
const LONGER_MAX = 4;
/** Of a batch, most of all where its failure is made shorter; agreement takes a few seconds. */
const BATCH_MS_MAX = 60_000;

export interface DifferentialRun {
  /** How many packets both engines have to agree about. */
  readonly packets: number;
  /** Drop reasons, and what happens to flows that are shared: until all were seen it goes on, to four times as many packets. */
  readonly expected?: readonly string[];
  /** The same seed makes the same scenarios. */
  readonly seed: number;
}

export interface DifferentialReport {
  readonly packets: number;
  readonly scenarios: number;
  /** All that packets were dropped for. */
  readonly dropReasons: ReadonlySet<string>;
  /** All that happened to flows that are shared, and what became of those that were settled. */
  readonly sharing: ReadonlySet<string>;
  /** Of the shortest scenario that was found in time to go wrong; with a file for Wireshark. */
  readonly failure: string | undefined;
}

/** Plays generated scenarios to two engines, until they have agreed about enough packets or once about one not. */
export async function runDifferentially(
  ours: EngineUnderTest,
  theirs: EngineUnderTest,
  { packets: wanted, seed, expected = [] }: DifferentialRun,
): Promise<DifferentialReport> {
  let [packets, scenarios, nowTicks] = [0, 0, 0];
  const dropReasons = new Set<string>();
  const sharing = new Set<string>();
  const play = async (scenario: Scenario) => {
    const comparison = await compareEngines(scenario, ours, theirs, nowTicks);
    nowTicks = comparison.nowTicks;
    return comparison;
  };
  const agree = fc.asyncProperty(arbitraryScenario(), async (scenario) => {
    // Engines await nothing that turns the event loop, and who runs the test has to be able to end it.
    await setImmediate();
    const { packets: played, dropReasons: seen, sharing: happened, difference } = await play(scenario);
    packets += played;
    for (const reason of seen) dropReasons.add(reason);
    for (const what of happened) sharing.add(what);
    scenarios++;
    return difference === undefined;
  });
  const isUnseen = (what: string) => !dropReasons.has(what) && !sharing.has(what);
  const isEnough = () => packets >= wanted && (packets >= LONGER_MAX * wanted || !expected.some(isUnseen));
  for (let batch = 0; !isEnough(); batch++) {
    const details = await fc.check(agree, {
      seed: seed + batch,
      numRuns: SCENARIOS_PER_BATCH,
      interruptAfterTimeLimit: BATCH_MS_MAX,
    });
    if (!details.failed) continue;
    if (details.counterexample === null) throw details.errorInstance ?? new Error('no scenario could be played');
    const [scenario] = details.counterexample;
    const { difference } = await play(scenario);
    return { packets, scenarios, dropReasons, sharing, failure: describe(scenario, difference, seed) };
  }
  return { packets, scenarios, dropReasons, sharing, failure: undefined };
}

function arbitraryScenario(): fc.Arbitrary<Scenario> {
  return fc.record({
    tables: fc.array(arbitraryTables(), { minLength: 1, maxLength: 2 }),
    steps: arbitrarySteps(STEPS_MAX),
  });
}

function describe(scenario: Scenario, difference: Difference | undefined, seed: number): string {
  const everything = { depth: null, breakLength: 120, maxArrayLength: null, maxStringLength: null } as const;
  if (difference === undefined) {
    return `the engines went apart on a scenario of seed ${seed}, but not when it was played again: ${inspect(scenario, everything)}`;
  }
  const { step, what, ours, theirs, frames } = difference;
  const path = join(tmpdir(), `weir-differential-${seed}.pcap`);
  writeFileSync(path, encodePcap(frames));
  return [
    `the engines differ in ${what} at step ${step} of a scenario of seed ${seed}; its frames: ${path}`,
    `ours:   ${inspect(ours, everything)}`,
    `theirs: ${inspect(theirs, everything)}`,
    inspect(scenario, everything),
  ].join('\n');
}
