/**
 * From a fresh clone to something that runs: Debian packages, npm dependencies, build. Each step is skipped when it is
 * done already. Plain JavaScript with no dependency: nothing is installed when it starts.
 *
 *   node scripts/bootstrap.mjs --for build|package|demo|test|bench
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { debianPackages, purposesOf } from './debian-packages.mjs';

const OLDEST_NODE = [20, 19];
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const LOCK_STAMP = 'node_modules/.weir-lock';

const isRoot = process.getuid?.() === 0;
const wanted = process.argv[process.argv.indexOf('--for') + 1] ?? 'build';
const purposes = purposesOf[wanted];
if (purposes === undefined) stop(`--for takes ${Object.keys(purposesOf).join(', ')}; got "${wanted}"`);

process.chdir(new URL('..', import.meta.url).pathname);
checkNode();
installDebianPackages();
if (purposes.includes('lab')) checkKernel();
installNpmDependencies();
build();

function say(text) {
  console.log(`[setup] ${text}`);
}

function stop(text) {
  console.error(`[setup] ${text}`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  stop(`Node.js ${process.versions.node} is too old; Weir needs ${OLDEST_NODE.join('.')} or later`);
}

function installDebianPackages() {
  const missing = debianPackages.filter(
    ({ probe, for: uses }) => uses.some((use) => purposes.includes(use)) && !existsSync(probe),
  );
  if (missing.length === 0) return;
  for (const { name, why } of missing) say(`missing: ${name} (${why})`);
  const names = missing.map(({ name }) => name);
  if (!isRoot) {
    stop(
      `not root, so nothing can be installed. Run: sudo apt-get install ${names.join(' ')}\n` +
        `[setup] Without them: "npm run build" needs only ${namesFor('build')}; the unit tests of packet, director and ` +
        'control run with "npx turbo run build test:unit --filter=@weir/packet --filter=@weir/director --filter=@weir/control".',
    );
  }
  if (!existsSync('/usr/bin/apt-get')) stop(`this is not Debian; install by hand: ${names.join(' ')}`);
  say(`installing ${names.length} Debian packages`);
  // Daemons that come with the packages must not start: the lab runs its own, in its own namespaces.
  const hadPolicy = existsSync(POLICY_FILE);
  if (!hadPolicy) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    const run = (...args) =>
      execFileSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: environment });
    run('update');
    run('install', '-y', '--no-install-recommends', ...names);
  } catch (error) {
    stop(`apt-get failed (${error.message}); mend that, or install by hand: ${names.join(' ')}`);
  } finally {
    if (!hadPolicy) rmSync(POLICY_FILE, { force: true });
  }
}

function namesFor(purpose) {
  return debianPackages
    .filter(({ for: uses }) => uses.includes(purpose))
    .map(({ name }) => name)
    .join(' ');
}

function checkKernel() {
  const problems = [];
  if (!isRoot) problems.push('not root: network namespaces and BPF programs need it (run with sudo)');
  if (process.platform !== 'linux') problems.push(`${process.platform} has neither XDP nor network namespaces`);
  else if (!/ bpf\n/.test(readFileSync('/proc/filesystems', 'utf8').replaceAll('\t', ' '))) {
    problems.push('this kernel is built without BPF (CONFIG_BPF_SYSCALL)');
  }
  if (problems.length === 0) return;
  for (const problem of problems) say(problem);
  if (wanted === 'test')
    say(
      'what still works runs: lint, types and the tests that need none of this; the others say that they are skipped',
    );
  else
    stop(
      `"npm run ${wanted}" can't run here. What still works: npm run build, npm test (the part that needs no kernel)`,
    );
}

function installNpmDependencies() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (existsSync(LOCK_STAMP) && readFileSync(LOCK_STAMP, 'utf8') === lock) return;
  say('installing npm dependencies from the lock file');
  // Not `npm ci`: it refuses a lock file that does not name the optional packages of every other platform, which a lock
  // file made behind a mirror that lacks them can't. The versions are the lock file's all the same, and it is not written.
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (npm.status !== 0) stop('npm install failed');
  writeFileSync(LOCK_STAMP, lock);
}

function build() {
  const turbo = spawnSync('npx', ['turbo', 'run', 'build', 'build:bpf', '--output-logs=errors-only'], {
    encoding: 'utf8',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
  });
  if (turbo.status === 0) return;
  console.error(`${turbo.stdout}\n${turbo.stderr}`);
  stop('the build failed');
}
