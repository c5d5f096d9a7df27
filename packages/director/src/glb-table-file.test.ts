import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseGlbConfig } from './glb-config.js';
import { buildGlbTableFile, decodeGlbTableFile, encodeGlbTableFile } from './glb-table-file.js';

const vectors: Readonly<Record<string, { readonly config: object; readonly file_sha256: string }>> = JSON.parse(
  readFileSync(new URL('../test-data/glb-vectors.json', import.meta.url), 'utf8'),
).tables;
const configOf = (...tables: readonly object[]) => parseGlbConfig(JSON.stringify({ tables }));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

for (const [name, { config, file_sha256 }] of Object.entries(vectors)) {
  test(`${name}: the file is to the byte the one that GLB's own tool makes`, async (t) => {
    t.is(sha256(await buildGlbTableFile(configOf(config))), file_sha256);
  });
}

const [three, draining] = Object.values(vectors).map(({ config }) => config) as [
  { readonly backends: readonly object[] },
  object,
];
const several = {
  ...three,
  binds: [
    { ip: 'fd00::/64', proto: 'udp', port_start: 1, port_end: 65_535 },
    { ip: '198.51.100.0/24', proto: 'tcp', port: 0 },
  ],
  backends: [...three.backends, { ip: '10.3.0.7', state: 'filling', healthy: false }],
};

test('a file of two tables reads back as it was written, and is written again as it was', async (t) => {
  const tables = configOf(draining, several);
  const file = await buildGlbTableFile(tables);
  t.is(file.byteLength, 24 + 2 * 537_624);
  const read = decodeGlbTableFile(file);
  for (const [index, { hashKey, binds, backends }] of tables.entries()) {
    t.deepEqual(read[index]?.hashKey, hashKey);
    t.deepEqual(read[index]?.binds, binds);
    t.deepEqual(read[index]?.backends, backends);
  }
  t.deepEqual(encodeGlbTableFile(read), file);
});

test('an inactive backend is in no row, and reads back as draining: the file does not tell them apart', async (t) => {
  const backends = [...three.backends, { ip: '10.3.0.9', state: 'inactive', healthy: true }];
  const [read] = decodeGlbTableFile(await buildGlbTableFile(configOf({ ...three, backends })));
  t.is(read?.backends[3]?.state, 'draining');
  t.false(read?.rows.includes(3));
});

for (const [title, at, bytes, expected] of [
  ['another magic', 0, [0x46], /at byte 0, expected "GLBD", found "FLBD"/],
  ['another version', 4, [3], /at byte 4, expected version 2, found 3/],
  ['fewer rows', 12, [0, 0, 0, 0], /at byte 12, expected rows 65536, found 0/],
  ['a table that is not there', 8, [2], /at byte 8, expected 1075272 bytes for 2 tables, found 537648/],
  ['257 backends', 24, [1, 1], /at byte 24, expected at most 256, found 257/],
  ['a family that is neither', 28, [10], /at byte 28, expected family 1 or 2, found 10/],
  ['a state that is none', 48, [3], /at byte 48, expected a state of 0 to 2, found 3/],
  ['health of 2', 50, [2], /at byte 50, expected 0 or 1 for healthy, found 2/],
  ['a prefix of 33 bits', 6196, [33], /at byte 6196, expected at most 32 prefix bits, found 33/],
  ['a range of ports that ends before it starts', 6200, [1, 0], /at byte 6200, expected a port from 80 on, found 1/],
  ['a protocol that is none', 6202, [1], /at byte 6202, expected protocol 6 or 17, found 1/],
  ['a row of a backend that is not there', 13_360, [3], /at byte 13360, expected one of 3 backends, found 3/],
] as const) {
  test(`${title} is refused, with the place`, async (t) => {
    const file = await buildGlbTableFile(configOf(three));
    file.set(bytes, at);
    const error = t.throws(() => decodeGlbTableFile(file), { code: 'GLB_TABLE_INVALID' });
    t.regex(error.message, expected);
  });
}

test('a file that is cut, or longer than it says, is refused', async (t) => {
  const file = await buildGlbTableFile(configOf(three));
  for (const length of [0, 3, 23, 24, 1000, file.byteLength - 1]) {
    t.throws(() => decodeGlbTableFile(file.subarray(0, length)), { code: 'GLB_TABLE_INVALID' }, `${length}`);
  }
  t.throws(() => decodeGlbTableFile(Buffer.concat([file, Buffer.alloc(1)])), { code: 'GLB_TABLE_INVALID' });
});

test('a table that GLB has no room for, or that has one backend or an IPv6 one, is not exported', async (t) => {
  const many = Array.from({ length: 257 }, (_, index) => ({
    ip: `10.4.${index >> 8}.${index & 255}`,
    state: 'active',
  }));
  const refused = async (config: object, message: RegExp) => {
    const error = await t.throwsAsync(buildGlbTableFile(configOf(three, config)), { code: 'GLB_TABLE_UNFIT' });
    t.regex(error?.message ?? '', message);
  };
  await refused({ ...three, backends: many }, /tables\[1\]: GLB has room for 256 backends, not for 257/);
  await refused({ ...three, backends: many.slice(0, 1) }, /two backends that are not inactive; there is one/);
  const binds = many.map(({ ip }) => ({ ip, proto: 'tcp', port: 1 }));
  const ipv6 = [...three.backends, { ip: 'fd00::7', state: 'active' }];
  await refused(
    { ...three, backends: ipv6 },
    /tables\[1\]: backend fd00::7 is IPv6; GLB's directors send over IPv4 alone/,
  );
  await refused({ ...three, binds }, /room for 256 binds, not for 257/);
});
