import { flowsOfRows, type Holder, type PlanFlows, type RowChange, rowChange } from './change-plan-rows.js';
import { type PlannedStep, planSteps } from './change-plan-steps.js';
import type { ChoiceMember } from './choice-member.js';
import { ChoiceTable, type ChoiceTableOptions, DEFAULT_CHOICES } from './choice-table.js';
import type { MembershipLimits } from './membership-state.js';

export interface ChangePlanRequest {
  readonly table: ChoiceTableOptions;
  /** As in force; what is in motion is taken to have begun now. */
  readonly current: readonly ChoiceMember[];
  /** As it should be in the end; see {@link planSteps}. */
  readonly wanted: readonly ChoiceMember[];
  readonly limits: Pick<MembershipLimits, 'fillMs' | 'drainLimitMs'>;
  /** Absent: the plan says nothing of flows. */
  readonly flows?: PlanFlows;
}

/** A step with what it does to the rows. */
export interface PlanStep extends PlannedStep {
  readonly change: RowChange;
}

/** How to get from one membership to another without breaking connections, and what it is worth. */
export interface ChangePlan {
  readonly steps: readonly PlanStep[];
  /** The sums over all steps: a row that moves twice counts twice. */
  readonly whole: RowChange;
  /** What the same change would do in a single step. */
  readonly atOnce: RowChange;
  /** Why what is wanted can't be reached by the rules; empty: the last step reaches it. */
  readonly blocked: readonly string[];
}

/**
 * Plans a change of members: the order of steps, and for each how many rows move and how many flows are at risk.
 * @throws {DirectorError} where the members make no table
 */
export async function planChange({ table, current, wanted, limits, flows }: ChangePlanRequest): Promise<ChangePlan> {
  const planned = planSteps(current, wanted, { ...limits, choices: table.choices ?? DEFAULT_CHOICES });
  const before = await ChoiceTable.build(table, planned.members);
  const flowsPerRow = flows === undefined ? undefined : flowsOfRows(before, flows);
  const atOnce = await before.change(planned.wanted);

  const steps: PlanStep[] = [];
  let holders: readonly FlowHolder[] = [];
  let inForce = before;
  for (const step of planned.steps) {
    const { latestMs, members } = step;
    const { table: after, changedRows } = await inForce.change(members);
    const living = holders.filter(({ untilMs }) => untilMs > latestMs);
    const replaced = { table: inForce, gone: new Set<string>(), untilMs: latestMs + limits.fillMs };
    holders = [...living, replaced].map((holder) => ({
      ...holder,
      gone: new Set([...holder.gone, ...absentOf(members)]),
    }));
    steps.push({ ...step, change: rowChange({ before: inForce, after, changedRows, holders }, flowsPerRow) });
    inForce = after;
  }
  return {
    steps,
    whole: sumOf(
      steps.map(({ change }) => change),
      flowsPerRow === undefined ? {} : { flowsAtRisk: 0 },
    ),
    atOnce: rowChange(
      { before, after: atOnce.table, changedRows: atOnce.changedRows, holders: [{ table: before, gone: new Set() }] },
      flowsPerRow,
    ),
    blocked: planned.blocked,
  };
}

/** An earlier table whose flows live at most until then. */
interface FlowHolder extends Holder {
  readonly untilMs: number;
}

/** Addresses of which no entry is in the table: whatever flows they had, the rules let them go. */
function absentOf(members: readonly ChoiceMember[]): Set<string> {
  const present = new Set(members.filter(({ state }) => state !== 'inactive').map(({ address }) => address));
  return new Set(members.map(({ address }) => address).filter((address) => !present.has(address)));
}

function sumOf(changes: readonly RowChange[], flows: Pick<RowChange, 'flowsAtRisk'>): RowChange {
  return changes.reduce(
    (sum, change) => ({
      rowsMoved: sum.rowsMoved + change.rowsMoved,
      rowsAtRisk: sum.rowsAtRisk + change.rowsAtRisk,
      ...(change.flowsAtRisk === undefined ? {} : { flowsAtRisk: (sum.flowsAtRisk ?? 0) + change.flowsAtRisk }),
    }),
    { rowsMoved: 0, rowsAtRisk: 0, ...flows },
  );
}
