import { WeirError } from '@weir/errors';

/** One thing that is wrong with one of GLB's JSON files. */
export interface GlbProblem {
  /** Such as `tables[0].backends[2].ip`; empty for the whole document. */
  readonly path: string;
  /** What is wrong with it, with the value, unless that is secret. */
  readonly message: string;
}

/** A file of GLB's that can't be read, or a table that GLB's format can't hold. */
export class GlbError extends WeirError {
  declare readonly code: 'GLB_CONFIG_INVALID' | 'GLB_TABLE_INVALID' | 'GLB_TABLE_UNFIT';
}
