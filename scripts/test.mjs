/**
 * All that CI checks: lint, types, unit tests, lab tests, and those of what deploys it. Goes on after a failure, so that one run shows all of them;
 * ends with what failed and how, once more, and a line of totals.
 *
 *   node scripts/test.mjs [lint|typecheck|unit|lab|deploy ...]
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

process.chdir(new URL('..', import.meta.url).pathname);
process.env.TURBO_TELEMETRY_DISABLED = '1';

const steps = {
  lint: ['npm', ['run', '--silent', 'lint']],
  typecheck: ['npx', ['turbo', 'run', 'typecheck', '--output-logs=errors-only']],
  unit: ['npx', ['turbo', 'run', 'test:unit', '--continue', '--concurrency=2', '--log-order=grouped']],
  lab: ['npx', ['turbo', 'run', 'test:lab', '--continue', '--concurrency=1', '--log-order=stream']],
  deploy: ['npx', ['turbo', 'run', 'test:deploy', '--continue', '--concurrency=1', '--log-order=stream']],
};

/** In the environment of all that a step starts. */
const MARK = 'WEIR_TEST_RUN';
/** What takes half of it on two quiet cores, with room for slow ones. */
const STEP_MS_MAX = 60 * 60_000;
/** The longest that a package's tests take until turbo prints what they said, with room. */
const SILENT_MS_MAX = 15 * 60_000;

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(steps);
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What was said of failures, by the prefix that turbo gives the lines of a package. */
const failures = new Map();
/** The whole stands where it happened. */
const FAILURE_LINES_MAX = 60;
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
  if (code !== 0 && totals.failed === before) {
    totals.failed++;
    failures.set(name, { lines: [`  ended with ${code}; its output is above`] });
  }
  if (code === 0 && (name === 'lint' || name === 'typecheck')) totals.passed++;
  console.log(
    `=== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
}
for (const [task, { lines: all }] of failures) {
  const lines = all.length > FAILURE_LINES_MAX ? withoutWhatIsAlike(all) : all;
  const more = lines.length > FAILURE_LINES_MAX ? [`  … ${lines.length - FAILURE_LINES_MAX} more lines above`] : [];
  console.log(`\n=== failed: ${task}\n${[...lines.slice(0, FAILURE_LINES_MAX), ...more].join('\n')}`);
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;

/**
 * Runs a command, shows what it prints, and adds up the summaries that ava prints. A command that takes too long is ended with all
 * that it started. What its tests left running is ended too and is a failure: it may hold the pipes that ava reads to their end.
 */
async function run(command, args) {
  const mark = `${process.pid}-${performance.now()}`;
  const env = { ...process.env, [MARK]: mark };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let [partial, heardMs] = ['', performance.now()];
  const startedMs = heardMs;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    heardMs = performance.now();
    process.stdout.write(text);
    const lines = (partial + text).split('\n');
    partial = lines.pop();
    for (const line of lines) {
      count(line);
      keepFailure(line);
    }
  });
  const end = (why, processes) => {
    for (const { pid, line } of processes) {
      console.log(`\n${why}: ended process ${pid}: ${line}`);
      failures.set(`process ${pid}`, { lines: [`  ${why}: ${line}`] });
      totals.failed++;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  };
  const watch = setInterval(() => {
    const now = performance.now();
    if (now - startedMs > STEP_MS_MAX) end(`the step takes more than ${STEP_MS_MAX / 60_000} min`, marked(mark));
    else if (now - heardMs > SILENT_MS_MAX) end('a test left it, and the step is silent', orphans(mark));
  }, 10_000);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  end('a test left it', marked(mark));
  return code ?? 1;
}

/** The processes that a step started, whoever is their parent now. */
function marked(mark) {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${mark}`)) return [];
      const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(pid), parent: Number(parent), line }];
    } catch {
      return []; // It has ended, or is somebody else's.
    }
  });
}

/** Those whose parent ended without them. */
function orphans(mark) {
  return marked(mark).filter(({ parent }) => parent === 1);
}

function count(line) {
  // ava: "  12 tests passed", "  2 tests skipped"; and failures: "  1 test failed", "  1 test remained pending after a timeout", "  1 uncaught exception"
  const summary =
    /^(?:[^:]*:)*\s+(\d+) (?:tests? (?:(passed|skipped)|failed|remained pending after a timeout)|(?:uncaught exception|unhandled rejection)s?)\s*$/.exec(
      line,
    );
  if (summary === null) return;
  totals[summary[2] ?? 'failed'] += Number(summary[1]);
}

/** Without what both sides of a comparison have, but for the three lines around each that one has: it alone can fill pages. */
function withoutWhatIsAlike(lines) {
  let isCompared = false;
  return lines.filter((line, at) => {
    if (/^\s+Difference \(/.test(line)) isCompared = true;
    else if (/^\s+›/.test(line)) isCompared = false;
    else if (isCompared) return lines.slice(Math.max(0, at - 3), at + 4).some((near) => /^ {2}[-+] /.test(near));
    return true;
  });
}

/**
 * ava's line of each failed test, those that a time-out found, and its account of all, which stands between a rule and npm's own
 * error.
 */
function keepFailure(line) {
  const [, task = 'a test', text] = /^(@[^:]*:test:[a-z]+: ?)?(.*)$/.exec(line);
  const failed = failures.get(task) ?? { lines: [], isAccount: false };
  if (/^\s+(✘|◌|Failed to exit when running )/.test(text)) failures.set(task, failed);
  else if (/^\s+─$/.test(text)) failed.isAccount = true;
  else if (text.startsWith('npm error')) failed.isAccount = false;
  else if (!failed.isAccount) return;
  if (text.trim() !== '') failed.lines.push(text);
}
