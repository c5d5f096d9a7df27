import { SimError } from '../sim-error.js';

/** What can happen to a member, a node or the routers before the nodes. */
export const changeKinds = ['add', 'drain', 'crash', 'node-add', 'node-drain', 'node-crash', 'rehash'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** One kind of change, of one or several at once. `rehash` is of all routers. */
export interface Change {
  readonly kind: ChangeKind;
  /** So many, or such a share of all that there are. */
  readonly amount: { readonly count: number } | { readonly percent: number };
}

/** What happens at one moment: one change, or several at once. */
export interface ChurnEvent {
  /** As it was written. */
  readonly name: string;
  readonly changes: readonly Change[];
}

/** One at a time; two, a rack, all kinds at once. Long flows remember: what an event breaks depends on those before it. */
export const DEFAULT_EVENTS =
  'add,drain,crash,node-add,node-drain,node-crash,add:2,drain:2,add:5%,drain:5%,crash:5%,add:5%+drain:5%+crash:1%,node-crash:5%,rehash';

/**
 * Reads events as people write them: `add,drain:2,node-crash:5%,add+drain`. A comma parts events, a plus parts what happens at
 * once.
 *
 * @throws {SimError} OPTION_INVALID
 */
export function parseEvents(text: string): ChurnEvent[] {
  return text.split(',').map((name) => ({ name, changes: name.split('+').map((change) => parseChange(change, text)) }));
}

function parseChange(text: string, whole: string): Change {
  const [, kindText, number, unit] = /^([a-z-]+)(?::(\d{1,5})(%?))?$/.exec(text) ?? [];
  const kind = changeKinds.find((known) => known === kindText);
  if (kind === undefined) {
    throw refusal(
      `"${text}" of "${whole}" is none of ${changeKinds.join(', ')}, with an amount as in ${'add:2 or add:5%'}`,
    );
  }
  if (number === undefined) return { kind, amount: { count: 1 } };
  const amount = Number(number);
  if (kind === 'rehash') throw refusal(`"${text}": all routers hash anew, so it takes no amount`);
  if (amount === 0 || (unit === '%' && amount > 100)) throw refusal(`"${text}" is of none, or of more than there are`);
  return { kind, amount: unit === '%' ? { percent: amount } : { count: amount } };
}

function refusal(message: string): SimError {
  return new SimError('OPTION_INVALID', `--events: ${message}`);
}
