import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConfigError } from './config-error.js';
import { redisAccess } from './redis-access.js';
import type { RedisConfig } from './state-config.js';

const directory = mkdtempSync(join(tmpdir(), 'weir-redis-access-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const plain: RedisConfig = { addresses: [{ host: '10.0.0.5', port: 6379 }], mode: 'single', database: 0 };

function fileOf(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

test('passwords that stand in the configuration are taken from there', async (t) => {
  t.deepEqual(await redisAccess({ ...plain, password: 'p', sentinelPassword: 's' }), {
    password: 'p',
    sentinelPassword: 's',
  });
});

test('the first line of a password file is the password, without what ends the line', async (t) => {
  const passwordFile = fileOf('password', ' with spaces \r\nand a remark\n');
  const sentinelPasswordFile = fileOf('sentinel', 'guard');
  t.deepEqual(await redisAccess({ ...plain, passwordFile, sentinelPasswordFile }), {
    password: ' with spaces ',
    sentinelPassword: 'guard',
  });
});

test('certificates are read, the name of the server is not', async (t) => {
  const tls = { ca: fileOf('ca.pem', 'CA'), certificate: fileOf('cert.pem', 'C'), key: fileOf('key.pem', 'K') };
  t.deepEqual(await redisAccess({ ...plain, tls: { ...tls, serverName: 'redis' } }), {
    tls: { ca: 'CA', certificate: 'C', key: 'K', serverName: 'redis' },
  });
});

test('TLS without files is TLS', async (t) => t.deepEqual(await redisAccess({ ...plain, tls: {} }), { tls: {} }));

const missing = join(directory, 'nothing');
const refused: Record<string, readonly [Partial<RedisConfig>, RegExp]> = {
  'a password file that is not there': [{ passwordFile: missing }, /^state\.redis\.passwordFile: .*nothing .*ENOENT/],
  'a certificate that is not there': [{ tls: { ca: missing } }, /^state\.redis\.tls\.ca: .*nothing .*ENOENT/],
  'an empty password file': [
    { sentinelPasswordFile: fileOf('empty', '\nlater') },
    /^state\.redis\.sentinelPasswordFile: .*first line should be the password/,
  ],
};
for (const [title, [change, message]] of Object.entries(refused)) {
  test(`${title} is refused by its key and its path`, async (t) => {
    const error = await t.throwsAsync(redisAccess({ ...plain, ...change }), { instanceOf: ConfigError, message });
    t.is(error?.code, 'CONFIG_UNREADABLE');
  });
}
