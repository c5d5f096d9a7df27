import { parseArgs } from 'node:util';
import { simulateChurn } from './churn.js';
import { renderChurn } from './churn-report.js';
import { minutesOfChurn, oneChange } from './scenarios.js';

const { values } = parseArgs({ options: { seed: { type: 'string', default: `${Date.now() % 1_000_000}` } } });
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed)) {
  process.stderr.write(`--seed has to be an integer, and "${values.seed}" is none\n`);
  process.exit(2);
}
let broken = 0;
for (const table of ['maglev', 'rendezvous'] as const) {
  for (const scenario of [minutesOfChurn, oneChange('add'), oneChange('drain'), oneChange('die')]) {
    const options = { ...scenario, table, seed };
    const report = simulateChurn(options);
    process.stdout.write(`${renderChurn(options, report).join('\n')}\n\n`);
    broken += report.broken.length;
  }
}
process.exitCode = broken === 0 ? 0 : 1;
