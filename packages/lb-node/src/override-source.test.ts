import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeOverrides } from './announce-overrides.js';
import { OverrideSource } from './override-source.js';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

test('a file that is wrong at the start is refused by name and with what is wrong', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-overrides-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'announce.json');
  const refuses = (place: string, problem: RegExp) => {
    const error = t.throws(() => new OverrideSource(place, silent, () => {}), { code: 'OVERRIDES_INVALID' });
    t.true(error?.message.includes(place));
    t.regex(error?.message ?? '', problem);
  };
  for (const text of ['', '{"198.51.100.10": "o']) {
    writeFileSync(file, text);
    refuses(file, /is not JSON/);
  }
  writeFileSync(file, '{"198.51.100.10": "of"}');
  refuses(file, /expected "on" or "off"/);
  refuses(directory, /can't be read: EISDIR/);
});

test('a file that changes is in force soon, one that is wrong leaves the last good overrides and is said', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-overrides-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'announce.json');
  let changed = () => {};
  let refused = (_: string) => {};
  const logger = { info: () => {}, warn: () => {}, error: (_: object, message: string) => refused(message) };
  using source = new OverrideSource(file, logger, () => changed());
  const next = () =>
    new Promise<void>((resolve) => {
      changed = resolve;
    });
  t.is(source.overrides.size, 0);

  const off = next();
  writeOverrides(file, new Map([['198.51.100.10', 'off']]));
  await off;
  t.deepEqual([...source.overrides], [['198.51.100.10', 'off']]);

  const said = new Promise<string>((resolve) => {
    refused = resolve;
  });
  writeFileSync(file, '{');
  t.regex(await said, /is not JSON.*; what was in force stays$/);
  t.deepEqual([...source.overrides], [['198.51.100.10', 'off']]);

  const auto = next();
  rmSync(file);
  await auto;
  t.is(source.overrides.size, 0);
});
