import { CHOICE_ROWS, type ChoiceTable, NO_CHOICE } from './choice-table.js';

/** How many flows there are now, altogether or by the address of their member. */
export type PlanFlows = number | ReadonlyMap<string, number>;

/** What a change does to the rows of a table. */
export interface RowChange {
  /** Rows whose first choice becomes another member: their new flows go there. */
  readonly rowsMoved: number;
  /** Rows in which a member that may hold flows is no choice any more: packets of these flows find nobody who knows them. */
  readonly rowsAtRisk: number;
  /** Flows in the rows at risk, as if they were spread evenly; absent where nobody said how many there are. */
  readonly flowsAtRisk?: number;
}

/** A table whose first choices may hold flows. */
export interface Holder {
  readonly table: ChoiceTable;
  /** Addresses that hold none any more, although they were first choices. */
  readonly gone: ReadonlySet<string>;
}

/** Two tables, one after the other. */
export interface TableChange {
  readonly before: ChoiceTable;
  readonly after: ChoiceTable;
  /** Those whose choices differ. */
  readonly changedRows: Uint32Array;
  /** `before`, and earlier tables whose flows still live. */
  readonly holders: readonly Holder[];
}

/**
 * What a change does, row by row. Members are the same where their addresses are, since that is where packets go.
 * @param flowsPerRow  see {@link flowsOfRows}
 */
export function rowChange(
  { before, after, changedRows, holders }: TableChange,
  flowsPerRow: Float64Array | undefined,
): RowChange {
  const formerFirst = firstChoices(before);
  const holding = holders.map(({ table, gone }) => ({ first: firstChoices(table), gone }));
  const choicesOf = allChoices(after);
  let [rowsMoved, rowsAtRisk, flowsAtRisk] = [0, 0, 0];
  for (const row of changedRows) {
    const choices = choicesOf(row);
    if (formerFirst(row) !== choices[0]) rowsMoved++;
    const isAtRisk = holding.some(({ first, gone }) => {
      const address = first(row);
      return address !== undefined && !gone.has(address) && !choices.includes(address);
    });
    if (!isAtRisk) continue;
    rowsAtRisk++;
    flowsAtRisk += flowsPerRow?.[row] ?? 0;
  }
  return {
    rowsMoved,
    rowsAtRisk,
    ...(flowsPerRow === undefined ? {} : { flowsAtRisk: Math.round(flowsAtRisk) }),
  };
}

/** Flows of each row, spread evenly over all rows or over those of each address. */
export function flowsOfRows(table: ChoiceTable, flows: PlanFlows): Float64Array {
  if (typeof flows === 'number') return new Float64Array(CHOICE_ROWS).fill(flows / CHOICE_ROWS);
  const first = firstChoices(table);
  const addresses = Array.from({ length: CHOICE_ROWS }, (_, row) => first(row));
  const rowsOf = new Map<string | undefined, number>();
  for (const address of addresses) rowsOf.set(address, (rowsOf.get(address) ?? 0) + 1);
  return Float64Array.from(addresses, (address) => (flows.get(address ?? '') ?? 0) / (rowsOf.get(address) ?? 1));
}

function firstChoices(table: ChoiceTable): (row: number) => string | undefined {
  const { members, rows, choices } = table;
  return (row) => members[rows[row * choices] ?? NO_CHOICE]?.address;
}

function allChoices(table: ChoiceTable): (row: number) => readonly (string | undefined)[] {
  const { members, rows, choices } = table;
  return (row) => Array.from(rows.subarray(row * choices, (row + 1) * choices), (index) => members[index]?.address);
}
