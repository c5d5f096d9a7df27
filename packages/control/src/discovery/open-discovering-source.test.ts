import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { NodeConfig } from '../node-config.js';
import { DnsServer } from '../test-support/dns-server.js';
import { openDiscoveringSource } from './open-discovering-source.js';

/** weir.yaml of one service with these sources, in a folder of its own. */
function configuration(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-discovery-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const fileOf = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    writeFileSync(fileOf('.next'), text);
    renameSync(fileOf('.next'), fileOf(name));
  };
  const writeSources = (...sources: readonly string[]) => writeService('{ address: 10.0.0.21 }', sources);
  const writeService = (backends: string, sources: readonly string[]) =>
    write(
      'weir.yaml',
      `node: { interfaces: [eth0], address: 10.0.0.11 }
services:
  - name: web
    vip: 198.51.100.10
    port: 80
    backends: [ ${backends} ]
    discovery: [ ${sources.join(', ')} ]
`,
    );
  return { fileOf, write, writeSources, writeService };
}

/** Opens it until the test ends; `next` is the backends of the next configuration that is told. */
async function open(t: ExecutionContext, path: string) {
  const warnings: string[] = [];
  const warn = (_: object, message: string) => warnings.push(message);
  const source = await openDiscoveringSource(path, { logger: { debug() {}, info() {}, warn, error: warn } });
  t.teardown(() => source[Symbol.asyncDispose]());
  const told: string[] = [];
  let wake = () => {};
  source.follow(async (event) => {
    told.push(event.kind === 'changed' ? addressesOf(event.config) : event.error.message);
    wake();
  });
  const next = async () => {
    while (told.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return told.shift();
  };
  return { source, warnings, next, addresses: () => addressesOf(source.config) };
}

function addressesOf({ services }: NodeConfig): string {
  return services[0]?.backends.map(({ address }) => address).join(' ') ?? '';
}

test('a configuration has from the start what its sources find, and follows them', async (t) => {
  const server = await DnsServer.open(t, ['--host-record=web.test,10.0.0.31']);
  const { fileOf, write, writeSources } = configuration(t);
  write('web.yaml', '[ { address: 10.0.0.22 } ]');
  const dns = `{ dns: { name: web.test, resolvers: ["127.0.0.1:${server.endpoint.port}"], minTtl: 50ms, maxTtl: 100ms } }`;
  writeSources(`{ file: ${fileOf('web.yaml')} }`, dns);
  const { next, addresses } = await open(t, fileOf('weir.yaml'));
  t.is(addresses(), '10.0.0.21 10.0.0.22 10.0.0.31');
  write('web.yaml', '[ { address: 10.0.0.23 } ]');
  t.is(await next(), '10.0.0.21 10.0.0.23 10.0.0.31');
  await server.restart(['--host-record=web.test,10.0.0.32']);
  t.is(await next(), '10.0.0.21 10.0.0.23 10.0.0.32');
  t.is(addresses(), '10.0.0.21 10.0.0.23 10.0.0.32');
});

test('a source that takes the place of another has told before what the other found goes', async (t) => {
  const { fileOf, write, writeSources } = configuration(t);
  write('a.yaml', '[ { address: 10.0.0.22 } ]');
  writeSources(`{ file: ${fileOf('a.yaml')} }`);
  const { next, warnings } = await open(t, fileOf('weir.yaml'));
  writeSources(`{ file: ${fileOf('b.yaml')} }`);
  t.is(await next(), '10.0.0.21 10.0.0.22');
  write('b.yaml', '[ { address: 10.0.0.24 } ]');
  t.is(await next(), '10.0.0.21 10.0.0.24');
  t.regex(warnings[0] as string, /^discovery for service web, file .*b\.yaml: can't be read: ENOENT/);
});

test('a backend that is found elsewhere from now on is never absent', async (t) => {
  const { fileOf, write, writeSources, writeService } = configuration(t);
  write('a.yaml', '[ { address: 10.0.0.22 } ]');
  write('b.yaml', '[ { address: 10.0.0.21 } ]');
  writeSources(`{ file: ${fileOf('a.yaml')} }`);
  const { next } = await open(t, fileOf('weir.yaml'));
  writeService('', [`{ file: ${fileOf('b.yaml')} }`]);
  t.is(await next(), '10.0.0.21');
});

test('a configuration that loses its sources loses what they found', async (t) => {
  const { fileOf, write, writeSources } = configuration(t);
  for (const name of ['a', 'b']) write(`${name}.yaml`, `[ { address: 10.0.0.2${name === 'a' ? 2 : 3} } ]`);
  const [a, b] = [`{ file: ${fileOf('a.yaml')} }`, `{ file: ${fileOf('b.yaml')} }`];
  writeSources(a, b);
  const { next, addresses } = await open(t, fileOf('weir.yaml'));
  t.is(addresses(), '10.0.0.21 10.0.0.22 10.0.0.23');
  writeSources(b);
  t.is(await next(), '10.0.0.21 10.0.0.23');
});

test('what was found and does not go with its service is told once', async (t) => {
  const { fileOf, write, writeSources } = configuration(t);
  write('web.yaml', '[ { address: 198.51.100.10 } ]');
  writeSources(`{ file: ${fileOf('web.yaml')} }`);
  const { next, warnings, addresses } = await open(t, fileOf('weir.yaml'));
  t.is(addresses(), '10.0.0.21');
  write('web.yaml', '[ { address: 198.51.100.10 }, { address: 10.0.0.22 } ]');
  t.is(await next(), '10.0.0.21 10.0.0.22');
  t.deepEqual(warnings, [
    'found and not used: service web, backend 198.51.100.10: is a VIP; a backend has an address of its own',
  ]);
});

test('a bad change of weir.yaml is refused, and what is found goes on', async (t) => {
  const { fileOf, write, writeSources } = configuration(t);
  write('web.yaml', '[]');
  writeSources(`{ file: ${fileOf('web.yaml')} }`);
  const { next } = await open(t, fileOf('weir.yaml'));
  write('weir.yaml', 'services: []');
  t.regex((await next()) as string, /^node: is missing/);
  write('web.yaml', '[ { address: 10.0.0.22 } ]');
  t.is(await next(), '10.0.0.21 10.0.0.22');
});
