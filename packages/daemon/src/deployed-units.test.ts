import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    // The test may run with a Node.js that is not where Debian has it.
    writeFileSync(file, read(name).replaceAll('/usr/bin/node', process.execPath));
    return file;
  });
  // A setting that it does not know is a warning to it: it would start the unit without.
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' });
  t.deepEqual([status, stderr], [0, '']);
});

for (const name of names) {
  test(`${name} is tried again however often it failed, so that a power cut of all leaves nothing down`, (t) => {
    const [unitSection] = read(name).split('[Service]');
    t.regex(unitSection ?? '', /^StartLimitIntervalSec=0$/m);
    t.regex(read(name), /^Restart=on-failure$/m);
  });
}

test('a reload of the node is the signal on which it reads its file again', (t) => {
  t.regex(read('weir-node.service'), /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});
