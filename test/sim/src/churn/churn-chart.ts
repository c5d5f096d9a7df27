import type { ChurnOptions, ChurnReport } from './churn.js';
import { endedWithMember, protectionNames, renderBytes, renderShare, summarize } from './churn-report.js';
import type { Outcome } from './protection.js';
import { type SvgElement, svgDocument, svgElement, svgText } from './svg.js';

const LABEL_WIDTH = 220;
const CELL = { width: 92, height: 30, gap: 2 } as const;
const HEAD_HEIGHT = 108;
const SECTION_GAP = 26;
const MARGIN = 20;

const INK = '#1f2933';
const FAINT_INK = '#616e7c';
const NONE = '#eef4ee';
/** From a connection in 100,000 to all, in five steps: each is ten times the one before. */
const HEAT = ['#fde8d7', '#f9c49a', '#f0935a', '#d9572f', '#a3230f'] as const;
const WHITE_INK_FROM_STEP = 3;

/**
 * A picture of the report: an event a row, a protection a column; the colour of a cell is the share of living connections that
 * broke, on a logarithmic scale. Below, what each protection costs.
 */
export function renderChurnChart({ seed, flows, nodes, members }: ChurnOptions, report: ChurnReport): string {
  const names = protectionNames(report);
  const columns = [...names, 'ended with their member'];
  const count = (value: number) => value.toLocaleString('en');
  const eventRows = report.events.map(({ event, living, outcomes }) => ({
    label: event,
    cells: [
      ...names.map((name) => heatCell((outcomes.get(name) as Outcome).broken, living)),
      plainCell(renderShare(endedWithMember(outcomes), living)),
    ],
  }));
  const summaries = summarize(report);
  const costRows = [
    { label: 'broken, all events', cells: summaries.map(({ broken }) => plainCell(count(broken))) },
    {
      label: 'extra hops per flow, at most',
      cells: summaries.map((each) => plainCell(each.extraHopsPerFlow.toFixed(2))),
    },
    { label: 'reads of Redis', cells: summaries.map(({ lookups }) => plainCell(count(lookups))) },
    { label: 'tables, each node', cells: summaries.map(({ tableBytes }) => plainCell(renderBytes(tableBytes))) },
    { label: 'flows, all nodes together', cells: summaries.map(({ nodeBytes }) => plainCell(renderBytes(nodeBytes))) },
    { label: 'flows, Redis', cells: summaries.map(({ redisBytes }) => plainCell(renderBytes(redisBytes))) },
  ];
  const title = 'Connections that break when members, nodes and routers change';
  const eventsTop = MARGIN + HEAD_HEIGHT;
  const costsTop = eventsTop + eventRows.length * CELL.height + SECTION_GAP;
  const legendTop = costsTop + costRows.length * CELL.height + SECTION_GAP;
  return svgDocument({ width: 2 * MARGIN + LABEL_WIDTH + columns.length * CELL.width, height: legendTop + 40, title }, [
    svgText({ x: MARGIN, y: MARGIN + 14, 'font-size': 18, 'font-weight': 600, fill: INK }, title),
    svgText(
      { x: MARGIN, y: MARGIN + 36, 'font-size': 12, fill: FAINT_INK },
      `${count(nodes)} nodes, ${count(members)} members, ${count(flows)} flows at any time, ${count(report.flows)} in all; seed ${seed}`,
    ),
    ...columns.flatMap((name, column) => columnHead(name, column)),
    ...eventRows.flatMap((row, index) => chartRow(row, eventsTop + index * CELL.height)),
    ...costRows.flatMap((row, index) => chartRow(row, costsTop + index * CELL.height)),
    ...legend(legendTop),
  ]);
}

interface Cell {
  readonly text: string;
  readonly fill: string;
  readonly ink: string;
}

function heatCell(broken: number, living: number): Cell {
  const text = renderShare(broken, living);
  if (broken === 0) return { text, fill: NONE, ink: FAINT_INK };
  const step = heatStep(broken / living);
  return { text, fill: HEAT[step] as string, ink: step >= WHITE_INK_FROM_STEP ? 'white' : INK };
}

function plainCell(text: string): Cell {
  return { text, fill: 'white', ink: text === '0' ? FAINT_INK : INK };
}

function heatStep(share: number): number {
  return Math.max(0, Math.min(HEAT.length - 1, HEAT.length + Math.floor(Math.log10(share))));
}

function cellX(column: number): number {
  return MARGIN + LABEL_WIDTH + column * CELL.width;
}

/** A line a word or two, the last one just above the cells. */
function columnHead(name: string, column: number): SvgElement[] {
  const lines = name.split(/, | (?=routers|nodes|their)/);
  return lines.map((line, index) =>
    svgText(
      {
        x: cellX(column) + CELL.width / 2,
        y: MARGIN + HEAD_HEIGHT - 10 - (lines.length - 1 - index) * 15,
        'text-anchor': 'middle',
        'font-size': 12,
        'font-weight': index === 0 ? 600 : 400,
        fill: INK,
      },
      line,
    ),
  );
}

function chartRow(
  { label, cells }: { readonly label: string; readonly cells: readonly Cell[] },
  y: number,
): SvgElement[] {
  const baseline = y + CELL.height / 2 + 4;
  return [
    svgText({ x: MARGIN, y: baseline, 'font-size': 12, fill: INK }, label.replaceAll('+', ' + ')),
    ...cells.flatMap(({ text, fill, ink }, column) => [
      svgElement('rect', {
        x: cellX(column),
        y,
        width: CELL.width - CELL.gap,
        height: CELL.height - CELL.gap,
        rx: 3,
        fill,
      }),
      svgText(
        {
          x: cellX(column) + (CELL.width - CELL.gap) / 2,
          y: baseline,
          'text-anchor': 'middle',
          'font-size': 12,
          fill: ink,
        },
        text,
      ),
    ]),
  ];
}

function legend(y: number): SvgElement[] {
  const steps = [
    { fill: NONE, text: 'none' },
    ...['< 0.01 %', '0.01 to 0.1 %', '0.1 to 1 %', '1 to 10 %', '10 to 100 %'].map((text, step) => ({
      fill: HEAT[step] as string,
      text,
    })),
  ];
  return [
    svgText({ x: MARGIN, y: y + 13, 'font-size': 12, fill: FAINT_INK }, 'broken, of the living connections'),
    ...steps.flatMap(({ fill, text }, index) => {
      const x = MARGIN + LABEL_WIDTH + index * 120;
      return [
        svgElement('rect', { x, y, width: 18, height: 18, rx: 3, fill }),
        svgText({ x: x + 25, y: y + 13, 'font-size': 12, fill: FAINT_INK }, text),
      ];
    }),
  ];
}
