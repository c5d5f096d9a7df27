import { addressToBytes, bytesToAddress, familyOf } from '@weir/packet';
import { CHOICE_ROWS, ChoiceTable } from './choice-table.js';
import { GlbError } from './glb-error.js';
import { type GlbBackend, type GlbBind, type GlbTable, membersOfGlb } from './glb-table.js';

/**
 * GLB's binary forwarding table, version 2 (GLB director, src/glb-director/glb_fwd_config.h): numbers little-endian, addresses and
 * keys as bytes, nothing between the fields.
 *
 * | bytes | are |
 * |---|---|
 * | 4 | "GLBD" |
 * | 5 x 4 | version 2, tables, rows 65,536, room for backends 256, room for binds 256 |
 *
 * and for each table
 *
 * | bytes | are |
 * |---|---|
 * | 4 | backends |
 * | 256 x 24 | family (4; 1 IPv4, 2 IPv6), address (16, an IPv4 address first), state (2; 0 filling, 1 active, 2 other), healthy (2) |
 * | 4 | binds |
 * | 256 x 28 | family (4), address (16), prefix bits (2), first and last port (2 each), protocol (1), 0 (1) |
 * | 16 | hash key |
 * | 65,536 x 8 | first and second choice (4 each), indexes of backends |
 */
const MAGIC = 'GLBD';
const VERSION = 2;
const ENTRIES_MAX = 256;
const HEADER_BYTES = 24;
const BACKEND_BYTES = 24;
const BIND_BYTES = 28;
const KEY_BYTES = 16;
const ROW_BYTES = 8;
const BINDS_OFFSET = 4 + ENTRIES_MAX * BACKEND_BYTES;
const KEY_OFFSET = BINDS_OFFSET + 4 + ENTRIES_MAX * BIND_BYTES;
const ROWS_OFFSET = KEY_OFFSET + KEY_BYTES;
const TABLE_BYTES = ROWS_OFFSET + CHOICE_ROWS * ROW_BYTES;

const Header = { version: 4, tables: 8, rows: 12, backendsMax: 16, bindsMax: 20 } as const;
const Entry = { family: 0, address: 4 } as const;
const Backend = { state: 20, healthy: 22 } as const;
const Bind = { prefixBits: 20, firstPort: 22, lastPort: 24, protocol: 26 } as const;
const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;
const stateNumbers = { filling: 0, active: 1, draining: 2, inactive: 2 } as const;
const protocolNumbers = { tcp: 6, udp: 17 } as const;

/** A table as the binary file has it: chosen already, so without the seed. */
export interface GlbBinaryTable {
  readonly hashKey: Uint8Array;
  readonly binds: readonly GlbBind[];
  /** The file does not tell inactive from draining: read, both are draining. */
  readonly backends: readonly GlbBackend[];
  /** For each of 65,536 rows, the indexes of the first and the second choice. */
  readonly rows: Uint16Array;
}

/**
 * The file that glb-director loads. As long as at most one backend of a table is anything but active and healthy, it is to the
 * byte the one that GLB's own tool makes; see {@link ChoiceTable} for where more are.
 *
 * @throws {GlbError} GLB_TABLE_UNFIT: more than 256 backends or binds, an IPv6 backend, or fewer than two backends that are
 *   not inactive
 */
export async function buildGlbTableFile(tables: readonly GlbTable[]): Promise<Uint8Array> {
  const binary: GlbBinaryTable[] = [];
  for (const [index, table] of tables.entries()) {
    const present = table.backends.filter(({ state }) => state !== 'inactive').length;
    if (present < 2)
      throw unfit(
        index,
        `GLB needs two backends that are not inactive; there ${present === 1 ? 'is one' : 'are none'}`,
      );
    const { rows } = await ChoiceTable.build({ seed: table.seed, choices: 2 }, membersOfGlb(table));
    binary.push({ ...table, rows });
  }
  return encodeGlbTableFile(binary);
}

/** @throws {GlbError} GLB_TABLE_UNFIT: more than 256 backends or binds, or an IPv6 backend */
export function encodeGlbTableFile(tables: readonly GlbBinaryTable[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + tables.length * TABLE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(MAGIC));
  view.setUint32(Header.version, VERSION, true);
  view.setUint32(Header.tables, tables.length, true);
  view.setUint32(Header.rows, CHOICE_ROWS, true);
  view.setUint32(Header.backendsMax, ENTRIES_MAX, true);
  view.setUint32(Header.bindsMax, ENTRIES_MAX, true);
  for (const [index, table] of tables.entries()) {
    const { backends, binds } = table;
    if (backends.length > ENTRIES_MAX) throw unfit(index, `GLB has room for 256 backends, not for ${backends.length}`);
    if (binds.length > ENTRIES_MAX) throw unfit(index, `GLB has room for 256 binds, not for ${binds.length}`);
    const ipv6 = backends.find(({ address }) => familyOf(address) === 6);
    // The format has room for it, but GLB's directors write IPv4 headers, whatever an entry's family.
    if (ipv6 !== undefined) {
      throw unfit(
        index,
        `backend ${ipv6.address} is IPv6; GLB's directors send over IPv4 alone, whatever they forward`,
      );
    }
    encodeTable(table, new DataView(bytes.buffer, HEADER_BYTES + index * TABLE_BYTES, TABLE_BYTES));
  }
  return bytes;
}

function encodeTable({ backends, binds, hashKey, rows }: GlbBinaryTable, view: DataView): void {
  view.setUint32(0, backends.length, true);
  for (const [index, { address, state, healthy }] of backends.entries()) {
    const at = 4 + index * BACKEND_BYTES;
    encodeAddress(address, view, at);
    view.setUint16(at + Backend.state, stateNumbers[state], true);
    view.setUint16(at + Backend.healthy, Number(healthy), true);
  }
  view.setUint32(BINDS_OFFSET, binds.length, true);
  for (const [index, { address, prefixBits, firstPort, lastPort, protocol }] of binds.entries()) {
    const at = BINDS_OFFSET + 4 + index * BIND_BYTES;
    encodeAddress(address, view, at);
    view.setUint16(at + Bind.prefixBits, prefixBits, true);
    view.setUint16(at + Bind.firstPort, firstPort, true);
    view.setUint16(at + Bind.lastPort, lastPort, true);
    view.setUint8(at + Bind.protocol, protocolNumbers[protocol]);
  }
  bytesAt(view, KEY_OFFSET, KEY_BYTES).set(hashKey);
  for (const [index, backend] of rows.entries()) view.setUint32(ROWS_OFFSET + index * 4, backend, true);
}

function encodeAddress(address: string, view: DataView, at: number): void {
  const bytes = addressToBytes(address);
  view.setUint32(at + Entry.family, familyOf(address) === 4 ? FAMILY_IPV4 : FAMILY_IPV6, true);
  bytesAt(view, at + Entry.address, bytes.byteLength).set(bytes);
}

/**
 * Reads the file back.
 * @throws {GlbError} GLB_TABLE_INVALID with the offset of what is wrong
 */
export function decodeGlbTableFile(bytes: Uint8Array): GlbBinaryTable[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(0, `at least ${HEADER_BYTES} bytes`, bytes.byteLength, bytes.byteLength >= HEADER_BYTES);
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  expect(0, `"${MAGIC}"`, JSON.stringify(magic), magic === MAGIC);
  expectNumber(view, Header.version, 'version', VERSION);
  expectNumber(view, Header.rows, 'rows', CHOICE_ROWS);
  expectNumber(view, Header.backendsMax, 'room for backends', ENTRIES_MAX);
  expectNumber(view, Header.bindsMax, 'room for binds', ENTRIES_MAX);
  const tables = view.getUint32(Header.tables, true);
  const fileBytes = HEADER_BYTES + tables * TABLE_BYTES;
  expect(Header.tables, `${fileBytes} bytes for ${tables} tables`, bytes.byteLength, bytes.byteLength === fileBytes);
  return Array.from({ length: tables }, (_, index) => decodeTable(view, HEADER_BYTES + index * TABLE_BYTES));
}

function decodeTable(view: DataView, offset: number): GlbBinaryTable {
  const backends = decodeEntries(view, offset, BACKEND_BYTES, decodeBackend);
  const binds = decodeEntries(view, offset + BINDS_OFFSET, BIND_BYTES, decodeBind);
  const rows = Uint16Array.from({ length: CHOICE_ROWS * 2 }, (_, index) => {
    const at = offset + ROWS_OFFSET + index * 4;
    const backend = view.getUint32(at, true);
    expect(at, `one of ${backends.length} backends`, backend, backend < backends.length);
    return backend;
  });
  return { hashKey: bytesAt(view, offset + KEY_OFFSET, KEY_BYTES).slice(), backends, binds, rows };
}

function decodeEntries<T>(
  view: DataView,
  at: number,
  entryBytes: number,
  decode: (view: DataView, at: number) => T,
): T[] {
  const count = view.getUint32(at, true);
  expect(at, `at most ${ENTRIES_MAX}`, count, count <= ENTRIES_MAX);
  return Array.from({ length: count }, (_, index) => decode(view, at + 4 + index * entryBytes));
}

function decodeBackend(view: DataView, at: number): GlbBackend {
  const state = (['filling', 'active', 'draining'] as const)[view.getUint16(at + Backend.state, true)];
  if (state === undefined)
    throw invalid(at + Backend.state, 'a state of 0 to 2', view.getUint16(at + Backend.state, true));
  const healthy = view.getUint16(at + Backend.healthy, true);
  expect(at + Backend.healthy, '0 or 1 for healthy', healthy, healthy <= 1);
  return { address: decodeAddress(view, at), state, healthy: healthy === 1 };
}

function decodeBind(view: DataView, at: number): GlbBind {
  const address = decodeAddress(view, at);
  const bitsMax = familyOf(address) === 4 ? 32 : 128;
  const prefixBits = view.getUint16(at + Bind.prefixBits, true);
  expect(at + Bind.prefixBits, `at most ${bitsMax} prefix bits`, prefixBits, prefixBits <= bitsMax);
  const firstPort = view.getUint16(at + Bind.firstPort, true);
  const lastPort = view.getUint16(at + Bind.lastPort, true);
  expect(at + Bind.lastPort, `a port from ${firstPort} on`, lastPort, lastPort >= firstPort);
  const number = view.getUint8(at + Bind.protocol);
  if (number !== protocolNumbers.tcp && number !== protocolNumbers.udp) {
    throw invalid(at + Bind.protocol, 'protocol 6 or 17', number);
  }
  return { address, prefixBits, protocol: number === protocolNumbers.tcp ? 'tcp' : 'udp', firstPort, lastPort };
}

function decodeAddress(view: DataView, at: number): string {
  const family = view.getUint32(at + Entry.family, true);
  expect(at + Entry.family, 'family 1 or 2', family, family === FAMILY_IPV4 || family === FAMILY_IPV6);
  return bytesToAddress(bytesAt(view, at + Entry.address, family === FAMILY_IPV4 ? 4 : 16));
}

function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function expectNumber(view: DataView, at: number, what: string, expected: number): void {
  const found = view.getUint32(at, true);
  expect(at, `${what} ${expected}`, found, found === expected);
}

function expect(at: number, expected: string, found: string | number, isSo: boolean): void {
  if (!isSo) throw invalid(at, expected, found);
}

function invalid(at: number, expected: string, found: string | number): GlbError {
  const message = `not a GLB forwarding table: at byte ${at}, expected ${expected}, found ${found}`;
  return new GlbError('GLB_TABLE_INVALID', message, { details: { at, expected, found } });
}

function unfit(index: number, message: string): GlbError {
  return new GlbError('GLB_TABLE_UNFIT', `tables[${index}]: ${message}`, { details: { table: index } });
}
