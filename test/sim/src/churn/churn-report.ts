import type { ChurnOptions, ChurnReport } from './churn.js';
import type { Outcome } from './protection.js';

/** One protection over all events. */
export interface ProtectionSummary {
  readonly name: string;
  readonly broken: number;
  readonly extraHopsPerFlow: number;
  readonly lookups: number;
  /** Most at any time; see {@link Outcome}. */
  readonly tableBytes: number;
  readonly nodeBytes: number;
  readonly redisBytes: number;
}

export function protectionNames({ events }: ChurnReport): string[] {
  return [...(events[0]?.outcomes.keys() ?? [])];
}

export function summarize(report: ChurnReport): ProtectionSummary[] {
  return protectionNames(report).map((name) => {
    const outcomes = report.events.map((event) => event.outcomes.get(name) as Outcome);
    const most = (of: (outcome: Outcome) => number) => outcomes.map(of).reduce((a, b) => Math.max(a, b), 0);
    const sum = (of: (outcome: Outcome) => number) => outcomes.map(of).reduce((a, b) => a + b, 0);
    return {
      name,
      broken: sum(({ broken }) => broken),
      extraHopsPerFlow: most(({ extraHopsPerFlow }) => extraHopsPerFlow),
      lookups: sum(({ lookups }) => lookups),
      tableBytes: most(({ memory }) => memory.tableBytes),
      nodeBytes: most(({ memory }) => memory.nodeBytes),
      redisBytes: most(({ memory }) => memory.redisBytes),
    };
  });
}

/** For people: tables in plain text. */
export function renderChurn(options: ChurnOptions, report: ChurnReport): string {
  const { seed, nodes, members, flows } = options;
  const names = protectionNames(report);
  const broken = report.events.map(({ event, living, outcomes }) => [
    event,
    ...names.map((name) => countAndShare((outcomes.get(name) as Outcome).broken, living)),
    countAndShare(endedWithMember(outcomes), living),
  ]);
  const costs = summarize(report).map((each) => [
    each.name,
    each.broken.toLocaleString('en'),
    each.extraHopsPerFlow.toFixed(4),
    each.lookups.toLocaleString('en'),
    renderBytes(each.tableBytes),
    renderBytes(each.nodeBytes),
    renderBytes(each.redisBytes),
  ]);
  const head = ['event', ...names.map((name) => name.replace(', ', ',\n').replace(' routers', '\nrouters'))];
  return [
    `seed ${seed}: ${nodes} nodes, ${members} members, ${flows.toLocaleString('en')} flows at any time, ${report.flows.toLocaleString('en')} in all`,
    '',
    'Broken connections, and their share of the living ones. Last column: ended because their member crashed or was taken out.',
    ...renderTable([...splitHead([...head, 'ended with\nmember']), ...broken]),
    '',
    'Over all events: connections broken; most extra hops per flow; reads of Redis; most memory of tables (each node), of flows',
    '(all nodes together) and of flows in Redis.',
    ...renderTable([['', 'broken', 'extra hops', 'reads', 'tables', 'flows', 'Redis'], ...costs]),
  ].join('\n');
}

/** Of all protections the most: where connections break at once when a member drains, few are left to end with it. */
export function endedWithMember(outcomes: ReadonlyMap<string, Outcome>): number {
  return [...outcomes.values()].reduce((most, outcome) => Math.max(most, outcome.endedWithMember), 0);
}

/** For programs. */
export function churnJson(options: ChurnOptions, report: ChurnReport): string {
  const events = report.events.map(({ event, living, outcomes }) => ({
    event,
    living,
    outcomes: Object.fromEntries(outcomes),
  }));
  const { events: asked, ...rest } = options;
  const given = { ...rest, events: asked.map(({ name }) => name) };
  return JSON.stringify({ options: given, flows: report.flows, events, summary: summarize(report) }, undefined, 2);
}

export function renderShare(count: number, living: number): string {
  const percent = (100 * count) / living;
  if (count === 0) return '0';
  return percent >= 10 ? `${percent.toFixed(0)} %` : percent >= 0.01 ? `${percent.toPrecision(2)} %` : '<0.01 %';
}

export function renderBytes(bytes: number): string {
  if (bytes === 0) return '0';
  const unit = bytes < 1e6 ? 'kB' : bytes < 1e9 ? 'MB' : 'GB';
  return `${(bytes / { kB: 1e3, MB: 1e6, GB: 1e9 }[unit]).toPrecision(3)} ${unit}`;
}

function countAndShare(count: number, living: number): string {
  return count === 0 ? '0' : `${count} ${renderShare(count, living).replace(' ', '')}`;
}

/** Lines of a head whose cells have several. */
function splitHead(cells: readonly string[]): string[][] {
  const lines = cells.map((cell) => cell.split('\n'));
  const height = lines.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: height }, (_, i) => lines.map((cell) => cell[i] ?? ''));
}

/** The first column to the left, the others to the right. */
function renderTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}
