import { CHOICE_ROWS, type ChangePlan, durationText, type PlannedStep, type RowChange } from '@weir/director';
import type { Colours } from './colours.js';
import { type TextColumn, textTable } from './text-table.js';

/** A plan and what it is for. */
export interface PlannedService {
  readonly service: string;
  readonly choices: number;
  readonly plan: ChangePlan;
}

/** The plan as plain values, for programs. */
export function planValues({ service, choices, plan }: PlannedService): object {
  return {
    service,
    choices,
    steps: plan.steps.map(({ latestMs, transitions, change }, index) => ({
      step: index + 1,
      latestMs,
      transitions,
      ...change,
    })),
    whole: plan.whole,
    atOnce: plan.atOnce,
    blocked: plan.blocked,
  };
}

/** The plan as a table and what to know of it, for people. */
export function planText({ service, choices, plan }: PlannedService, colours: Colours): string {
  const title = `Service ${service}: ${choices} choices, so ${choices === 2 ? '1 member' : `${choices - 1} members`} may be in motion at once`;
  if (plan.steps.length === 0 && plan.blocked.length === 0) return `${title}\nNothing is to change.`;
  const hasFlows = plan.atOnce.flowsAtRisk !== undefined;
  const columns: TextColumn[] = [
    { head: 'STEP' },
    { head: 'AT LATEST' },
    { head: 'CHANGE' },
    { head: 'ROWS MOVED', align: 'right' },
    { head: 'ROWS AT RISK', align: 'right' },
    ...(hasFlows ? [{ head: 'FLOWS AT RISK', align: 'right' } as const] : []),
  ];
  const changeCells = (change: RowChange) => [
    rowsText(change.rowsMoved),
    riskText(change.rowsAtRisk, rowsText(change.rowsAtRisk), colours),
    ...(change.flowsAtRisk === undefined ? [] : [riskText(change.flowsAtRisk, `${change.flowsAtRisk}`, colours)]),
  ];
  const rows = [
    ...plan.steps.map((step, index) => [
      `${index + 1}`,
      step.latestMs === 0 ? 'now' : `after ${durationText(step.latestMs)}`,
      transitionTexts(step).join('\n'),
      ...changeCells(step.change),
    ]),
    ['', '', 'all steps', ...changeCells(plan.whole)],
    ['', '', 'all in one step instead', ...changeCells(plan.atOnce)],
  ];
  return [title, '', textTable(columns, rows, colours), '', ...notesOf(plan)].join('\n');
}

/** Entries of one member that go the same way are one line; labels tell those apart from the whole member. */
function transitionTexts({ transitions, members }: PlannedStep): string[] {
  const labels = new Map(members.map(({ id, label }) => [id, label]));
  const groups = new Map<string, { readonly name: string; readonly way: string; readonly labels: string[] }>();
  for (const { id, from, to } of transitions) {
    const label = labels.get(id) ?? '';
    const name = id.slice(0, id.length - label.length).trimEnd();
    const way = `${from} -> ${to}`;
    const group = groups.get(`${name} ${way}`) ?? { name, way, labels: [] };
    groups.set(`${name} ${way}`, { ...group, labels: [...group.labels, label] });
  }
  return Array.from(groups.values(), ({ name, way, labels: found }) =>
    found.includes('') ? `${name}: ${way}` : `${name} ${found.join(', ')}: ${way}`,
  );
}

function rowsText(rows: number): string {
  return rows === 0 ? '0' : `${rows} (${((rows / CHOICE_ROWS) * 100).toFixed(1)}%)`;
}

function riskText(risk: number, text: string, { red, green }: Colours): string {
  return risk === 0 ? green(text) : red(text);
}

function notesOf({ steps, blocked }: ChangePlan): string[] {
  const someLeave = steps.some(({ transitions }) => transitions.some(({ to }) => to === 'inactive'));
  return [
    ...(steps.length > 1 ? ['Put each step in force on all nodes before the next.'] : []),
    ...(someLeave ? ['A draining member may become inactive sooner, once it has no connection left.'] : []),
    ...blocked.map((reason) => `Blocked: ${reason}.`),
  ];
}
