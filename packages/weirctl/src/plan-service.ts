import type { ChoiceMember, HashField } from '@weir/director';

/** A service with second chance, of whichever kind of file. */
export interface PlanService {
  readonly name: string;
  readonly choices: number;
  /** 16 bytes each. */
  readonly seed: Uint8Array;
  readonly hashKey: Uint8Array;
  readonly fields: readonly HashField[];
  readonly members: readonly ChoiceMember[];
}
