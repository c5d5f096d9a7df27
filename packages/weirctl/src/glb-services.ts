import {
  GlbError,
  type GlbTable,
  membersOfGlb,
  type PacketHash,
  parseGlbConfig,
  parseGlbHashFields,
} from '@weir/director';
import { readInput } from './input-file.js';
import type { PlanService } from './plan-service.js';
import { WeirctlError } from './weirctl-error.js';

/** GLB's rows have a first and a second choice. */
export const GLB_CHOICES = 2;

/** What GLB hashes unless its director's settings say otherwise. */
export const defaultGlbHash: Omit<PacketHash, 'key'> = { fields: ['source'] };

/** The name of a table; one without is called after its place in the file. */
export function glbName({ name }: GlbTable, index: number): string {
  return name ?? `table-${index}`;
}

/**
 * The tables of GLB's forwarding_table.json, and the file as plain values.
 * @throws {WeirctlError} INPUT_UNREADABLE, INPUT_INVALID
 */
export async function readGlbTables(file: string): Promise<{ tables: readonly GlbTable[]; document: unknown }> {
  const text = await readInput(file);
  const tables = naming(file, () => parseGlbConfig(text));
  return { tables, document: JSON.parse(text) };
}

/**
 * By what GLB's director.conf has packets hashed.
 * @throws {WeirctlError} INPUT_UNREADABLE, INPUT_INVALID
 */
export async function readGlbHash(file: string): Promise<Omit<PacketHash, 'key'>> {
  const text = await readInput(file);
  return naming(file, () => parseGlbHashFields(text));
}

/** GLB's tables as services to plan with. */
export async function glbServices(file: string): Promise<PlanService[]> {
  const { tables } = await readGlbTables(file);
  return tables.map((table, index) => ({
    name: glbName(table, index),
    choices: GLB_CHOICES,
    seed: table.seed,
    hashKey: table.hashKey,
    fields: defaultGlbHash.fields,
    members: membersOfGlb(table),
  }));
}

/** Errors of the parser name places in the text; this adds the file. */
function naming<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof GlbError)) throw cause;
    const lines = cause.message.split('\n').map((line) => `${line} (file ${file})`);
    throw new WeirctlError('INPUT_INVALID', lines.join('\n'), { cause, details: { file, ...cause.details } });
  }
}
