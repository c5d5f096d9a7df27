import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { discoverySuite } from './discovery-compliance.js';
import { FileDiscovery } from './file-discovery.js';
import { Followed } from './followed.fixture.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-discovery-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

discoverySuite('file', async (t) => {
  const file = join(directory(t), 'web.yaml');
  return {
    open: () => new FileDiscovery(file),
    publish: async (addresses) => writeFileSync(file, JSON.stringify(addresses.map((address) => ({ address })))),
    break: async () => rmSync(file, { force: true }),
  };
});

test('entries of a file are as those of backends', async (t) => {
  const file = join(directory(t), 'web.yaml');
  writeFileSync(file, '- { name: web1, address: "2001:DB8::0:21", port: 8080, weight: 3, maxConnections: 100 }\n');
  const followed = new Followed(t, new FileDiscovery(file));
  await followed.backends().then((backends) => t.deepEqual(backends, ['2001:db8::21:8080']));
});

test('a link that is swapped, as Kubernetes does with ConfigMaps, is seen', async (t) => {
  const folder = directory(t);
  for (const address of ['10.0.0.21', '10.0.0.22']) {
    writeFileSync(join(folder, `${address}.yaml`), `- address: ${address}\n`);
  }
  const file = join(folder, 'web.yaml');
  symlinkSync('10.0.0.21.yaml', file);
  const followed = new Followed(t, new FileDiscovery(file));
  t.deepEqual(await followed.backends(), ['10.0.0.21']);
  symlinkSync('10.0.0.22.yaml', join(folder, '.next'));
  renameSync(join(folder, '.next'), file);
  t.deepEqual(await followed.backends(), ['10.0.0.22']);
});

for (const [what, text, message] of [
  ['that is cut off', '[ { address: 10.0.0.22 }', /line 1/],
  ['that is empty', '', /^expected a list of backends/],
  ['that is no list', 'backends: [ { address: 10.0.0.22 } ]', /^expected a list of backends/],
] as const) {
  test(`a file ${what} is told, and its last good list stays`, async (t) => {
    const file = join(directory(t), 'web.yaml');
    writeFileSync(file, '- address: 10.0.0.21\n');
    const followed = new Followed(t, new FileDiscovery(file));
    await followed.backends();
    writeFileSync(file, text);
    t.regex(await followed.trouble(), message);
    writeFileSync(file, '[]');
    t.deepEqual(await followed.backends(), []);
  });
}

test('each entry that is bad is told with its place, its value and what would be right', async (t) => {
  const file = join(directory(t), 'web.yaml');
  writeFileSync(
    file,
    '- { address: 10.0.0.21, wieght: 3 }\n- 7\n- { port: 80 }\n- { address: 10.0.0.22, weight: 70000 }\n- { address: 10.0.0.23 }\n',
  );
  const followed = new Followed(t, new FileDiscovery(file));
  t.deepEqual(await followed.backends(), ['10.0.0.23']);
  t.deepEqual((await followed.trouble()).split('\n'), [
    '[0]: "wieght" is not a known key',
    '[1]: 7 is not a mapping',
    '[2].address: is missing',
    '[3].weight: 70000 is more than 65535',
  ]);
});

test('an entry that refers to itself is told as any other that is bad', async (t) => {
  const file = join(directory(t), 'web.yaml');
  writeFileSync(file, '- &a { address: 10.0.0.21, weight: *a }\n- { address: 10.0.0.22 }\n');
  const followed = new Followed(t, new FileDiscovery(file));
  t.deepEqual(await followed.backends(), ['10.0.0.22']);
  t.regex(await followed.trouble(), /^\[0\]\.weight: .*is not a/);
});
