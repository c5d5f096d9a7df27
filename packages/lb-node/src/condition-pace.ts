import type { NodeCondition } from '@weir/control';

/** How often counts alone are worth a write to etcd, which every node sees and etcd keeps until it is compacted. */
const COUNTS_MS = 300_000;
/** While a rollout is under way: it compares what is forwarded and dropped before and after each step. */
const ROLLING_COUNTS_MS = 1_000;

/** What was told last, and when, in ms of a clock that is never set back. */
export interface ToldCondition {
  readonly condition: NodeCondition;
  readonly atMs: number;
}

/**
 * Is a condition to be told now? What it says of the node's state is told at once: sessions, tables, replication,
 * usable backends, and the step that is in force. How many packets and connections there are is told at a pace.
 */
export function isDue(
  next: NodeCondition,
  told: ToldCondition | undefined,
  { nowMs, rolling }: { readonly nowMs: number; readonly rolling: boolean },
): boolean {
  if (told === undefined || stateOf(next) !== stateOf(told.condition)) return true;
  const isSame = JSON.stringify(next) === JSON.stringify(told.condition);
  return !isSame && nowMs - told.atMs >= (rolling ? ROLLING_COUNTS_MS : COUNTS_MS);
}

/** All but counts, as text. */
function stateOf(condition: NodeCondition): string {
  const { sessions, tables, replication, backends, followed = {}, rolloutStep } = condition;
  const usable = Object.entries(followed).map(([name, backend]) => [name, backend.usable]);
  return JSON.stringify([sessions, tables, replication, backends, usable, rolloutStep]);
}
