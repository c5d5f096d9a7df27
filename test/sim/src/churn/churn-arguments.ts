import { parseArgs } from 'node:util';
import { CHOICES_MAX, CHOICES_MIN, DEFAULT_CHOICES } from '@weir/director';
import { SimError } from '../sim-error.js';
import { parseWholeNumber } from '../whole-number.js';
import type { ChurnOptions } from './churn.js';
import { DEFAULT_EVENTS, parseEvents } from './churn-event.js';

export interface ChurnArguments {
  readonly options: ChurnOptions;
  /** Print JSON, not a table. */
  readonly json: boolean;
  /** File that the chart is written to. */
  readonly svg: string | undefined;
}

export const CHURN_USAGE = `Usage: npm run sim -- churn [options]
  --seed N       the same one gives the same run (default 1)
  --flows N      that live at any time (default 500000)
  --nodes N      (default 2000)
  --members N    backends (default 2000)
  --choices N    of Weir's rows, ${CHOICES_MIN} to ${CHOICES_MAX} (default ${DEFAULT_CHOICES})
  --events LIST  default: ${DEFAULT_EVENTS}
  --json         prints JSON instead of a table
  --svg FILE     writes a chart
`;

/** @throws {SimError} OPTION_INVALID */
export function parseChurnArguments(args: readonly string[]): ChurnArguments {
  const { values } = parsed(args);
  return {
    options: {
      seed: parseWholeNumber('--seed', values.seed, 0, 2 ** 31 - 1),
      flows: parseWholeNumber('--flows', values.flows, 1, 20_000_000),
      nodes: parseWholeNumber('--nodes', values.nodes, 2, 20_000),
      members: parseWholeNumber('--members', values.members, 2, 20_000),
      choices: parseWholeNumber('--choices', values.choices, CHOICES_MIN, CHOICES_MAX),
      events: parseEvents(values.events),
    },
    json: values.json,
    svg: values.svg,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: '1' },
        flows: { type: 'string', default: '500000' },
        nodes: { type: 'string', default: '2000' },
        members: { type: 'string', default: '2000' },
        choices: { type: 'string', default: `${DEFAULT_CHOICES}` },
        events: { type: 'string', default: DEFAULT_EVENTS },
        json: { type: 'boolean', default: false },
        svg: { type: 'string' },
      },
    });
  } catch (cause) {
    throw new SimError('OPTION_INVALID', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
