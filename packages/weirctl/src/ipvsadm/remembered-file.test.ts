import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { nothingRemembered, type Remembered } from './remembered.js';
import { rememberedFile } from './remembered-file.js';

const directory = mkdtempSync(join(tmpdir(), 'weirctl-remembered-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const remembered: Remembered = {
  pending: [
    {
      key: { kind: 'address', protocol: 'tcp', address: '198.51.100.1', port: 443 },
      scheduler: 'rr',
      schedulerFlags: [],
      onePacket: false,
      persistence: { timeoutSeconds: 60, prefixBits: 32 },
    },
  ],
  zeroed: { web: { packets: '18446744073709551615', bytes: '1' } },
};

test('what is remembered is there for the next command, and the file goes when nothing is left', async (t) => {
  const file = join(directory, 'new', 'ipvsadm.json');
  t.deepEqual(await rememberedFile(file).read(), nothingRemembered);
  await rememberedFile(file).write(remembered);
  t.deepEqual(await rememberedFile(file).read(), remembered);
  await rememberedFile(file).write(nothingRemembered);
  t.false(existsSync(file));
});

test('a file that something else wrote is refused, and named', async (t) => {
  const file = join(directory, 'strange.json');
  writeFileSync(file, 'not json');
  await t.throwsAsync(rememberedFile(file).read(), {
    code: 'IPVSADM_REFUSED',
    message: /^\S+strange\.json is not what weirctl ipvsadm wrote \(.*\); remove it$/,
  });
});
