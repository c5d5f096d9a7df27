import { readFileSync } from 'node:fs';
import { DirectorError } from './director-error.js';

/** What assembly/row-ranks.ts exports; addresses are of its memory. */
export interface RowRanksModule {
  readonly memory: WebAssembly.Memory;
  readonly DEPTH: WebAssembly.Global;
  readonly ROWS: WebAssembly.Global;
  readonly scratch: WebAssembly.Global;
  readonly seed: WebAssembly.Global;
  readonly ranks: WebAssembly.Global;
  readonly starts: WebAssembly.Global;
  readonly addresses: WebAssembly.Global;
  readonly candidates: WebAssembly.Global;
  readonly blocks: WebAssembly.Global;
  reserve(memberCount: number, blockCount: number): void;
  hashLow(from: number, to: number): number;
  rankRows(from: number, to: number, candidateCount: number): void;
  insertMember(member: number): void;
  bestOf(row: number, candidateCount: number): number;
}

const MODULE_FILE = new URL('./row-ranks.wasm', import.meta.url);
let compiled: WebAssembly.Module | undefined;

/**
 * An instance with a memory of its own. The first call compiles the module, 2 kB.
 *
 * @throws {DirectorError} MODULE_MISSING: the package was compiled but not built
 */
export function rowRanksModule(): RowRanksModule {
  compiled ??= compileModule();
  return new WebAssembly.Instance(compiled).exports as unknown as RowRanksModule;
}

function compileModule(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(MODULE_FILE));
  } catch (cause) {
    const message = `dist/row-ranks.wasm can't be loaded (${(cause as Error).message}); "npm run build" makes it`;
    throw new DirectorError('MODULE_MISSING', message, { cause });
  }
}
