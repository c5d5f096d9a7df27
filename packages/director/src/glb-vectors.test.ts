import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { ChoiceMember } from './choice-member.js';
import { choiceRow, type HashField } from './choice-row.js';
import { ChoiceTable } from './choice-table.js';
import { countsOf } from './test-support/choice-tables.js';
import { referenceHash } from './test-support/reference-choices.js';

/** Made with GLB's own table builder. */
interface GlbVectors {
  readonly tables: Readonly<Record<string, TableVector>>;
  readonly packet_hashes: readonly PacketVector[];
}

interface TableVector {
  readonly config: {
    readonly seed: string;
    readonly backends: readonly {
      readonly ip: string;
      readonly state: ChoiceMember['state'];
      readonly healthy: boolean;
    }[];
  };
  readonly first_16_rows: readonly (readonly number[])[];
  /** Of all rows as pairs of little-endian u32. */
  readonly rows_sha256: string;
  readonly rows_as_first_choice: readonly number[];
}

interface PacketVector {
  readonly hash_key: string;
  readonly fields: readonly (keyof typeof fieldNames)[];
  readonly src_addr: string;
  readonly src_port?: number;
  readonly hash: string;
  readonly row: number;
}

const fieldNames = { src_addr: 'source', src_port: 'sourcePort' } as const satisfies Record<string, HashField>;
const vectors: GlbVectors = JSON.parse(readFileSync(new URL('../test-data/glb-vectors.json', import.meta.url), 'utf8'));

for (const [name, { config, ...expected }] of Object.entries(vectors.tables)) {
  const members = config.backends.map(({ ip, state, healthy }) => ({ id: ip, address: ip, state, healthy }));
  const seed = Buffer.from(config.seed, 'hex');

  test(`${name}: all rows are GLB's`, async (t) => {
    const table = await ChoiceTable.build({ seed, choices: 2 }, members);
    const first = Array.from({ length: 16 }, (_, row) => [...table.rows.subarray(row * 2, row * 2 + 2)]);
    t.deepEqual(first, expected.first_16_rows);
    t.is(createHash('sha256').update(Uint32Array.from(table.rows)).digest('hex'), expected.rows_sha256);
    t.deepEqual(countsOf(table, 0), expected.rows_as_first_choice);
  });

  test(`${name}: of three choices the first two are GLB's, also where the table came to be by changes`, async (t) => {
    const start = await ChoiceTable.build(
      { seed, choices: 3 },
      members.slice(0, 3).map((member) => ({ ...member, state: 'active' })),
    );
    const { table } = await start.change(members);
    const firstTwo = table.rows.filter((_, at) => at % 3 < 2);
    t.is(createHash('sha256').update(Uint32Array.from(firstTwo)).digest('hex'), expected.rows_sha256);
  });
}

for (const { hash_key, fields, src_addr, src_port = 0, hash, row } of vectors.packet_hashes) {
  test(`a packet hashed by ${fields.join(' and ')} has GLB's row ${row}`, (t) => {
    const key = Buffer.from(hash_key, 'hex');
    const tuple = { source: src_addr, destination: '198.51.100.1', sourcePort: src_port, destinationPort: 80 };
    t.is(
      choiceRow(
        key,
        fields.map((field) => fieldNames[field]),
        tuple,
      ),
      row,
    );
    const port = Buffer.from([src_port >> 8, src_port & 0xff]);
    const message = [Buffer.from(src_addr.split('.').map(Number)), ...(fields.includes('src_port') ? [port] : [])];
    t.is(`0x${referenceHash(key, Buffer.concat(message)).readBigUInt64LE().toString(16)}`, hash);
  });
}
