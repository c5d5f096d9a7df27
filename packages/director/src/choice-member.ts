/**
 * Where a member is on its way in or out, in GLB's words.
 *
 * | state | new connections | older ones |
 * |---|---|---|
 * | filling | those of its rows | members that had its rows before it stay among the choices |
 * | active | those of its rows | its own |
 * | draining | none | its own: it stays among the choices |
 * | inactive | none | none: it is in no row |
 */
export type MemberState = 'filling' | 'active' | 'draining' | 'inactive';

/** A member of a choice table. */
export interface ChoiceMember {
  /** Names the member; unique in a table. */
  readonly id: string;
  /** IPv4 or IPv6, text. Its bytes are what is hashed, so all nodes rank it alike. */
  readonly address: string;
  /**
   * Several members of one address have distinct labels: so weights are made. Its UTF-8 bytes are hashed after the
   * address; without one, the hash is GLB's.
   */
  readonly label?: string;
  readonly state: MemberState;
  readonly healthy: boolean;
}

/** Does it take the new connections of its rows? */
export function takesNew({ state, healthy }: Pick<ChoiceMember, 'state' | 'healthy'>): boolean {
  return healthy && (state === 'active' || state === 'filling');
}
