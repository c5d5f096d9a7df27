import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadNodeConfig } from './parse-node-config.js';
import { type ConfigEvent, type WatchOptions, watchNodeConfig } from './watch-node-config.js';

const documentOf = (address: string) =>
  `node: { interfaces: [eth0], address: 10.0.0.11 }\nservices: [ { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: ${address} } ] } ]\n`;

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-control-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Watches until the test ends; `next()` is the next event. */
function watching(t: ExecutionContext, file: string, options: WatchOptions = {}) {
  const events: ConfigEvent[] = [];
  const waiting: ((event: ConfigEvent) => void)[] = [];
  const source = watchNodeConfig(
    file,
    async (event) => {
      const first = waiting.shift();
      if (first === undefined) events.push(event);
      else first(event);
    },
    options,
  );
  t.teardown(() => source[Symbol.asyncDispose]());
  return {
    reload: () => source.reload(),
    next: () => {
      const event = events.shift();
      return event === undefined
        ? new Promise<ConfigEvent>((resolve) => waiting.push(resolve))
        : Promise.resolve(event);
    },
  };
}

function backendOf(event: ConfigEvent): string | undefined {
  return event.kind === 'changed' ? event.config.services[0]?.backends[0]?.address : event.error.message;
}

test('a write in place is seen', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file);
  writeFileSync(file, documentOf('10.0.0.22'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('a file that is renamed over it is seen, and so is the next', async (t) => {
  const folder = directory(t);
  const file = join(folder, 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file);
  for (const address of ['10.0.0.22', '10.0.0.23']) {
    writeFileSync(join(folder, '.weir.yaml.tmp'), documentOf(address));
    renameSync(join(folder, '.weir.yaml.tmp'), file);
    t.is(backendOf(await watched.next()), address);
  }
});

test('a link that is swapped, as Kubernetes does with ConfigMaps, is seen', async (t) => {
  const folder = directory(t);
  for (const [version, address] of [
    ['v1', '10.0.0.21'],
    ['v2', '10.0.0.22'],
  ] as const) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'weir.yaml'), documentOf(address));
  }
  symlinkSync('v1', join(folder, '..data'));
  symlinkSync('..data/weir.yaml', join(folder, 'weir.yaml'));
  const watched = watching(t, join(folder, 'weir.yaml'));
  symlinkSync('v2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('a bad change is refused with its reason, and the next good one is taken', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file);
  writeFileSync(file, documentOf('10.0.0'));
  const refused = await watched.next();
  t.is(refused.kind, 'refused');
  t.regex(backendOf(refused) ?? '', /"10\.0\.0" is not an IP address/);
  writeFileSync(file, documentOf('10.0.0.22'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('a reload looks again though nothing seems to have changed', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file);
  watched.reload();
  t.is(backendOf(await watched.next()), '10.0.0.21');
});

test('a file that says the same in other words is no change, a reload of it is told', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file, { inForce: await loadNodeConfig(file) });
  const newcomer = watching(t, file);
  appendFileSync(file, '# a comment\n');
  // Who was told nothing yet is told of the comment: it was noticed.
  t.is(backendOf(await newcomer.next()), '10.0.0.21');
  writeFileSync(file, documentOf('10.0.0.22'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
  watched.reload();
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('a change between reading and watching is not missed', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const inForce = await loadNodeConfig(file);
  writeFileSync(file, documentOf('10.0.0.22'));
  t.is(backendOf(await watching(t, file, { inForce }).next()), '10.0.0.22');
});

test('a file elsewhere that a link leads to is watched too', async (t) => {
  const target = join(directory(t), 'kept-in-git.yaml');
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(target, documentOf('10.0.0.21'));
  symlinkSync(target, file);
  const watched = watching(t, file);
  watched.reload();
  t.is(backendOf(await watched.next()), '10.0.0.21');
  writeFileSync(target, documentOf('10.0.0.22'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('a directory that is taken away and put back is noticed both times', async (t) => {
  const folder = join(directory(t), 'etc');
  const file = join(folder, 'weir.yaml');
  mkdirSync(folder);
  writeFileSync(file, documentOf('10.0.0.21'));
  const watched = watching(t, file);
  watched.reload();
  t.is(backendOf(await watched.next()), '10.0.0.21');
  rmSync(folder, { recursive: true });
  t.regex(backendOf(await watched.next()) ?? '', /can't be read: ENOENT/);
  mkdirSync(folder);
  writeFileSync(file, documentOf('10.0.0.22'));
  t.is(backendOf(await watched.next()), '10.0.0.22');
});

test('of changes during a callback only the newest is told', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const told: (string | undefined)[] = [];
  const source = watchNodeConfig(file, async (event) => {
    told.push(backendOf(event));
    if (told.length > 1) return;
    for (const address of ['10.0.0.22', '10.0.0.23', '10.0.0.24']) {
      writeFileSync(file, documentOf(address));
      source.reload();
    }
  });
  t.teardown(() => source[Symbol.asyncDispose]());
  source.reload();
  while (told.at(-1) !== '10.0.0.24') await new Promise(setImmediate);
  t.deepEqual(told, ['10.0.0.21', '10.0.0.24']);
});

test('a source that is closed calls nobody back', async (t) => {
  const file = join(directory(t), 'weir.yaml');
  writeFileSync(file, documentOf('10.0.0.21'));
  const source = watchNodeConfig(file, async () => t.fail());
  source.reload();
  await source[Symbol.asyncDispose]();
  t.pass();
});
