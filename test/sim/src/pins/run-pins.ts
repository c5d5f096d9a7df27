import { parseArgs } from 'node:util';
import { SimError } from '../sim-error.js';
import { parseWholeNumber } from '../whole-number.js';
import { simulatePins } from './pins.js';
import { renderPins } from './pins-report.js';
import { minutesOfChanges, oneChange } from './scenarios.js';

/**
 * Simulates pinned rows in all scenarios.
 *
 * @returns 1 when a connection broke that should not, else 0
 * @throws {SimError} OPTION_INVALID
 */
export function runPins(args: readonly string[], print: (text: string) => void): 0 | 1 {
  const seed = seedOf(args);
  let broken = 0;
  for (const table of ['maglev', 'rendezvous'] as const) {
    for (const scenario of [minutesOfChanges, oneChange('add'), oneChange('drain'), oneChange('die')]) {
      const options = { ...scenario, table, seed };
      const report = simulatePins(options);
      print(`${renderPins(options, report).join('\n')}\n\n`);
      broken += report.broken.length;
    }
  }
  return broken === 0 ? 0 : 1;
}

function seedOf(args: readonly string[]): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { seed: { type: 'string', default: '1' } } });
    return parseWholeNumber('--seed', values.seed, 0, 2 ** 31 - 1);
  } catch (cause) {
    if (cause instanceof SimError) throw cause;
    throw new SimError('OPTION_INVALID', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
