/**
 * All that CI checks: lint, types, unit tests, lab tests. Goes on after a failure, so that one run shows all of them;
 * ends with a line of totals.
 *
 *   node scripts/test.mjs [lint|typecheck|unit|lab ...]
 */
import { spawn } from 'node:child_process';

process.chdir(new URL('..', import.meta.url).pathname);
process.env.TURBO_TELEMETRY_DISABLED = '1';

const steps = {
  lint: ['npm', ['run', '--silent', 'lint']],
  typecheck: ['npx', ['turbo', 'run', 'typecheck', '--output-logs=errors-only']],
  unit: ['npx', ['turbo', 'run', 'test:unit', '--continue', '--concurrency=2', '--log-order=grouped']],
  lab: ['npx', ['turbo', 'run', 'test:lab', '--continue', '--concurrency=1', '--log-order=stream']],
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(steps);
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const name of chosen) {
  if (steps[name] === undefined) {
    console.error(`unknown step "${name}"; there are ${Object.keys(steps).join(', ')}`);
    process.exit(2);
  }
  const startedMs = performance.now();
  console.log(`\n=== ${name}`);
  const before = totals.failed;
  const code = await run(...steps[name]);
  // A step that ends badly without a failed test (lint, a crash) counts as one.
  if (code !== 0 && totals.failed === before) totals.failed++;
  else if (code === 0 && (name === 'lint' || name === 'typecheck')) totals.passed++;
  console.log(
    `=== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;

/** Runs a command, shows what it prints, and adds up the summaries that ava prints. */
function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let partial = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    const lines = (partial + text).split('\n');
    partial = lines.pop();
    for (const line of lines) count(line);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

function count(line) {
  // ava: "  12 tests passed", "  1 test failed", "  2 tests skipped", "  1 uncaught exception"
  const summary =
    /^(?:[^:]*:)*\s+(\d+) (?:tests? (passed|failed|skipped)|(uncaught exceptions?|unhandled rejections?))\s*$/.exec(
      line,
    );
  if (summary === null) return;
  totals[summary[2] ?? 'failed'] += Number(summary[1]);
}
