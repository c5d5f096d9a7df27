import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { readOverrides, writeOverrides } from './announce-overrides.js';

const test = anyTest as TestFn<{ directory: string; file: string }>;

test.beforeEach((t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-overrides-'));
  t.context = { directory, file: join(directory, 'state', 'announce.json') };
});
test.afterEach.always((t) => rmSync(t.context.directory, { recursive: true, force: true }));

test('what is written is read back, and nothing else is left in the directory', (t) => {
  const overrides = new Map([
    ['198.51.100.10', 'off'],
    ['2001:db8::10', 'on'],
  ] as const);
  writeOverrides(t.context.file, overrides);
  t.deepEqual(readOverrides(t.context.file), overrides);
  t.deepEqual(readdirSync(join(t.context.directory, 'state')), ['announce.json']);
});

test('without a file there are no overrides', (t) => {
  t.is(readOverrides(t.context.file).size, 0);
});

test('a VIP is known however it is written', (t) => {
  const file = join(t.context.directory, 'announce.json');
  writeFileSync(file, '{"2001:0db8:0::10": "off"}');
  t.deepEqual([...readOverrides(file)], [['2001:db8::10', 'off']]);
});

test('a directory that refuses is named with the file', (t) => {
  const file = join(t.context.directory, 'a-file', 'announce.json');
  writeFileSync(join(t.context.directory, 'a-file'), '');
  const error = t.throws(() => writeOverrides(file, new Map()), { code: 'OVERRIDES_UNWRITABLE' });
  t.true(error?.message.startsWith(`${file} can't be written: `), error?.message);
});

for (const [text, problem] of [
  ['{', /is not JSON \(.*\); expected a JSON object such as \{"198\.51\.100\.10": "off"\}$/],
  ['["198.51.100.10"]', /has \["198\.51\.100\.10"\]; expected a JSON object/],
  ['{"web": "off"}', /"web" is not an IP address; expected a JSON object/],
  ['{"198.51.100.10": "auto"}', /198\.51\.100\.10 is "auto"; expected "on" or "off"$/],
] as const) {
  test(`refused, with the file and what would be right: ${text}`, (t) => {
    const file = join(t.context.directory, 'announce.json');
    writeFileSync(file, text);
    const error = t.throws(() => readOverrides(file), { code: 'OVERRIDES_INVALID', message: problem });
    t.true(error?.message.includes(file));
  });
}
