import { Command } from 'commander';
import { JsonReport } from './json-report.js';
import { lookAround } from './look-around.js';
import type { Report } from './report.js';
import { playScenario } from './scenario.js';
import { TextReport } from './text-report.js';

const options = new Command('npm run demo --')
  .description('Brings up a Weir cluster on this machine and shows what it does.')
  .option('--keep', 'leave it up until Ctrl-C, and say how to look around', false)
  .option('--json', 'an object a line instead of text', false)
  .parse()
  .opts<{ keep: boolean; json: boolean }>();

const write = (text: string) => process.stdout.write(text);
const report: Report = options.json ? new JsonReport(write) : new TextReport(write);
const failures: string[] = [];
const judged: Report = {
  step: (...args) => report.step(...args),
  saw: (...args) => report.saw(...args),
  table: (...args) => report.table(...args),
  check(isSo, text, data) {
    if (!isSo) failures.push(text);
    report.check(isSo, text, data);
  },
};

try {
  await using weir = await playScenario(judged);
  if (options.keep) {
    report.step('The cluster stays up');
    report.saw(lookAround(weir));
    await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  }
  report.step('The cluster is taken down');
} catch (error) {
  failures.push(error instanceof Error ? error.message : String(error));
}
if (failures.length === 0) report.check(true, 'all of it was seen to work');
for (const failure of failures) report.check(false, failure);
process.exitCode = failures.length === 0 ? 0 : 1;
