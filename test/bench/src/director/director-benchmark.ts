import { setImmediate as nextTurn } from 'node:timers/promises';
import { CHOICE_ROWS, type ChoiceMember, ChoiceTable, DEFAULT_CHOICES, maglevTable } from '@weir/director';
import { BenchError } from '../bench-error.js';
import { type Summary, summarize } from '../statistics.js';
import { plainChoices } from './plain-choices.js';

export interface DirectorBenchmarkOptions {
  readonly members: number;
  readonly runs: number;
}

/** One thing that takes time. */
export interface DirectorTime {
  readonly what: string;
  readonly ms: Summary;
  /** Its median as a multiple of that of the whole table. */
  readonly ratio: number;
  /** Longest time in any run for which nothing else had a turn. */
  readonly stallMs: number;
}

/** Plain JavaScript fills this share of the rows; its time is told for all of them. */
const PLAIN_SHARE = 1 / 128;
const seed = Uint8Array.from({ length: 16 }, (_, index) => index * 7);

/** Tables of choices: at once, by difference, and beside the same in plain JavaScript and beside Maglev's. */
export async function runDirectorBenchmark(
  { members: count, runs }: DirectorBenchmarkOptions,
  say: (line: string) => void,
): Promise<readonly DirectorTime[]> {
  const members = Array.from({ length: count }, (_, index) => member(index));
  const build = () => ChoiceTable.build({ seed }, members);
  const table = await build();
  checkPlain(table);
  const whole = await timed(runs, build);
  const times: DirectorTime[] = [{ what: 'Weir, whole table', ratio: 1, ...whole }];
  const compare = async (what: string, work: () => unknown, share = 1) => {
    say(`director: ${what}`);
    const { ms, stallMs } = await timed(runs, work, share);
    times.push({ what, ms, ratio: ms.median / whole.ms.median, stallMs });
  };
  const withFirst = (rest: Partial<ChoiceMember>) =>
    members.map((one, index) => (index === 0 ? { ...one, ...rest } : one));
  await compare('Weir, one member drains', () => table.change(withFirst({ state: 'draining' })));
  await compare('Weir, one member is unhealthy', () => table.change(withFirst({ healthy: false })));
  await compare('Weir, one member joins', () => table.change([...members, member(count)]));
  await compare('Weir, one member leaves', () => table.change(members.slice(1)));
  const addresses = members.map(({ address }) => address);
  const plainRows = CHOICE_ROWS * PLAIN_SHARE;
  await compare(
    'plain JavaScript, whole table',
    () => plainChoices(seed, addresses, plainRows, DEFAULT_CHOICES),
    PLAIN_SHARE,
  );
  const weighted = members.map(({ id }) => ({ id, weight: 1 }));
  await compare('Maglev, one choice a row', () => maglevTable({ members: weighted }));
  return times;
}

function member(index: number): ChoiceMember {
  const address = `10.3.${index >> 8}.${index & 0xff}`;
  return { id: address, address, state: 'active', healthy: true };
}

/** What is compared has to do the same. */
function checkPlain({ members, rows, choices }: ChoiceTable): void {
  const plain = plainChoices(
    seed,
    members.map(({ address }) => address),
    16,
    choices,
  );
  const at = plain.findIndex((index, place) => index !== rows[place]);
  if (at === -1) return;
  const row = Math.floor(at / choices);
  throw new BenchError('BENCH_TABLES_DIFFER', `row ${row}: plain JavaScript chooses otherwise than the table`);
}

async function timed(runs: number, work: () => unknown, share = 1): Promise<{ ms: Summary; stallMs: number }> {
  const values: number[] = [];
  await work();
  const stalls = watchStalls();
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await work();
    values.push((performance.now() - start) / share);
    await nextTurn();
  }
  return { ms: summarize(values), stallMs: stalls.end() / share };
}

/** The longest time between two turns of the event loop, until it is ended. */
function watchStalls(): { end(): number } {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    end: () => {
      isOver = true;
      return longest;
    },
  };
}
