import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readSnapshot, type Snapshot, writeSnapshot } from './snapshot-file.js';

const snapshot: Snapshot = {
  cluster: 'main',
  revision: '9007199254740993',
  keys: new Map([
    ['services/web', 'bad now'],
    ['backends/web/b1', '{"address": "10.0.0.21"}\n'],
    ['backends/web/b2', 'never good'],
  ]),
  good: new Map([
    ['services/web', 'good before'],
    ['backends/web/b1', '{"address": "10.0.0.21"}\n'],
  ]),
};

function fileIn(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weir-snapshot-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'new', 'main.snapshot');
}

test('what is written is read back, keys in their order, and nothing else is left in its directory', async (t) => {
  const file = fileIn(t);
  await writeSnapshot(file, snapshot);
  const read = await readSnapshot(file, 'main');
  t.deepEqual(read, snapshot);
  t.deepEqual([...(read?.keys.keys() ?? [])], [...snapshot.keys.keys()]);
  t.deepEqual(readdirSync(join(file, '..')), ['main.snapshot']);
});

test('where there is no snapshot, there is none', async (t) => {
  t.is(await readSnapshot(fileIn(t), 'main'), undefined);
});

const refused = test.macro(
  async (t: ExecutionContext, change: (text: string) => string, cluster: string, message: RegExp) => {
    const file = fileIn(t);
    await writeSnapshot(file, snapshot);
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    await t.throwsAsync(readSnapshot(file, cluster), { message });
  },
);

test(
  'a byte that changed is noticed',
  refused,
  (text: string) => text.replace('10.0.0.21', '10.0.0.22'),
  'main',
  /changed or damaged/,
);
test('a file that was cut off is noticed', refused, (text: string) => text.slice(0, -5), 'main', /cut off/);
test('an empty file is noticed', refused, () => '', 'main', /cut off/);
test('a file of another kind is noticed', refused, () => 'node: {}\nservices: []\n', 'main', /changed or damaged/);
test(
  'a snapshot of another cluster is not taken',
  refused,
  (text: string) => text,
  'other',
  /is of the cluster main, not of other/,
);
