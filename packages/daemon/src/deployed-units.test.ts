import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const units = new URL('../../../deploy/systemd/', import.meta.url);
const names = readdirSync(units);
const read = (name: string) => readFileSync(new URL(name, units), 'utf8');

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd) process.stderr.write('skipped: systemd-analyze is not installed\n');
const testWithSystemd = hasSystemd ? test : test.skip;

testWithSystemd('systemd knows every setting of the units, and what they mean', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-units-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const files = names.map((name) => {
    const file = join(directory, name);
    // Programs that are not installed where the test runs.
    writeFileSync(file, read(name).replaceAll(/\/usr\/s?bin\/(lb-node|real-server|gobgpd)\b/g, process.execPath));
    return file;
  });
  // A setting that it does not know is a warning to it: it would start the unit without.
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
  t.deepEqual([status, stderr], [0, '']);
});

testWithSystemd('what systemd has to say of how exposed the daemons are is "OK", or better', (t) => {
  for (const name of names) {
    const file = fileURLToPath(new URL(name, units));
    // Tenths of the score, which goes to 10 for a service that may do all.
    const args = ['security', '--offline=true', '--no-pager', '--threshold=30', file];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    t.is(status, 0, stdout.trim().split('\n').at(-1));
  }
});

for (const name of names) {
  test(`${name} runs as a user of its own, which gains nothing by what it executes`, (t) => {
    const capabilities = /^AmbientCapabilities=(.*)$/m.exec(read(name))?.[1];
    t.regex(read(name), /^User=weir$/m);
    t.regex(read(name), /^NoNewPrivileges=yes$/m);
    t.regex(read(name), /^SystemCallFilter=@system-service/m);
    // What it begins with is all that it can come to have.
    t.is(/^CapabilityBoundingSet=(.*)$/m.exec(read(name))?.[1], capabilities);
    t.notRegex(capabilities ?? '', /CAP_SYS_ADMIN|CAP_DAC|CAP_SETUID/);
  });

  test(`${name} is tried again however often it failed, so that a power cut of all leaves nothing down`, (t) => {
    const [unitSection] = read(name).split('[Service]');
    t.regex(unitSection ?? '', /^StartLimitIntervalSec=0$/m);
    t.regex(read(name), /^Restart=on-failure$/m);
  });
}

test('a reload of the node is the signal on which it reads its file again', (t) => {
  t.regex(read('weir-node.service'), /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});
