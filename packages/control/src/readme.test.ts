import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const documentOf = (address: string) =>
  `node: { interfaces: [eth0] }\nservices: [ { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: ${address} } ] } ]\n`;

test("the README's example tells of a bad change, of a good one, and of a reload", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-control-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'weir.yaml');
  // At once: what is half written would be told of, too.
  const write = (address: string) => {
    writeFileSync(`${file}.next`, documentOf(address));
    renameSync(`${file}.next`, file);
  };
  write('10.0.0.21');

  const readme = readFileSync(join(packageDirectory, 'README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1]?.replaceAll('/etc/weir/weir.yaml', file);
  const script = `${example}\nconsole.log('watching');`;
  // In the package's own directory its name resolves to itself.
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: packageDirectory });
  t.teardown(async () => {
    const ended = once(child, 'exit');
    if (child.kill()) await ended;
  });
  const said = createInterface(child.stdout)[Symbol.asyncIterator]();
  const complained = createInterface(child.stderr)[Symbol.asyncIterator]();

  t.is((await said.next()).value, 'watching');
  write('10.3.1');
  t.is(
    (await complained.next()).value,
    `services[0].backends[0].address: "10.3.1" is not an IP address (file ${file}, line 2)`,
  );
  write('10.0.0.22');
  t.is((await said.next()).value, '1 services');
  child.kill('SIGHUP');
  t.is((await said.next()).value, '1 services');
});
