import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { simulateChurn } from './churn/churn.js';
import { CHURN_USAGE, parseChurnArguments } from './churn/churn-arguments.js';
import { renderChurnChart } from './churn/churn-chart.js';
import { churnJson, renderChurn } from './churn/churn-report.js';
import { runPins } from './pins/run-pins.js';
import { SimError } from './sim-error.js';

const USAGE = `Usage: npm run sim -- churn [options]    what protections do for connections while members, nodes and routers change
       npm run sim -- pins [--seed N]   pinned rows, packet by packet; exits with 1 when a connection broke

${CHURN_USAGE}`;

const simulations: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  churn: async (args) => {
    const { options, json, svg } = parseChurnArguments(args);
    if (svg !== undefined) checkFolder(svg);
    const report = await simulateChurn(options);
    if (svg !== undefined) writeFileSync(svg, renderChurnChart(options, report));
    process.stdout.write(`${json ? churnJson(options, report) : renderChurn(options, report)}\n`);
  },
  pins: async (args) => {
    process.exitCode = runPins(args, (text) => process.stdout.write(text));
  },
};

const [name = '', ...args] = process.argv.slice(2);
if (name === '--help' || args.includes('--help')) process.stdout.write(USAGE);
else {
  try {
    const simulate = simulations[name];
    if (simulate === undefined)
      throw new SimError('OPTION_INVALID', `expected churn or pins, found "${name}"; --help says more`);
    await simulate(args);
  } catch (error) {
    if (!(error instanceof SimError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** Before the simulation, which takes its time. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new SimError('OPTION_INVALID', `--svg: there is no folder "${dirname(file)}" that can be written to`, {
      cause,
    });
  }
}
