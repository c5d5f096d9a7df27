import type { Summary } from '../statistics.js';
import { renderTable, type TextTable } from '../text-table.js';
import type { CrashFigures } from './crash-benchmark.js';
import type { FlowMemory } from './memory-benchmark.js';
import type { PacketCost } from './packet-costs.js';
import type { RedisOperations } from './short-flows.js';
import type { StateBenchmarkResult } from './state-benchmark.js';
import type { TakeoverTime } from './takeover-benchmark.js';
import type { TellingSpeed } from './telling-benchmark.js';

/** The figures as tables; none of what was not measured. */
export function renderState(result: StateBenchmarkResult, isTerminal: boolean): string {
  const sections: readonly (readonly [string, TextTable])[] = [
    ['flows written to Redis; ns of CPU time', tellingTable(result.telling)],
    ['ns per packet in the data plane', packetTable(result.packets)],
    [
      'from the first packet after a kill until flows have moved: one node takes over all',
      takeoverTable(result.takeover),
    ],
    ['connections of a lab, one of two nodes killed', crashTable(result.crash)],
    ['memory of Redis for a flow, bytes', memoryTable(result.memory)],
    ['what Redis is asked for', operationsTable(result.short)],
  ];
  return sections
    .filter(([, { rows }]) => rows.length > 0)
    .map(([title, table]) => `${title}\n${renderTable(table, isTerminal)}\n`)
    .join('\n');
}

function tellingTable(speeds: readonly TellingSpeed[]): TextTable {
  return {
    head: ['written by', 'CPUs', 'flows/s', 'spread', 'Weir is', 'Node.js: ns/flow', 'Redis: ns/flow', 'reach'],
    rows: speeds.map(({ writer, cpus, flowsPerSecond, nodeNs, redisNs }) => {
      const weir = speeds.find((speed) => speed.cpus === cpus && speed.writer === 'weir') as TellingSpeed;
      return [
        writer,
        String(cpus),
        number(flowsPerSecond.median),
        percent(flowsPerSecond),
        writer === 'weir' ? '' : `× ${(weir.flowsPerSecond.median / flowsPerSecond.median).toFixed(2)}`,
        number(nodeNs),
        number(redisNs),
        writer === 'weir' && cpus === 1 ? '150,000' : '',
      ];
    }),
  };
}

function packetTable(costs: readonly PacketCost[]): TextTable {
  return {
    head: ['packet', 'flows', 'shared: ns', 'spread', 'not shared: ns', 'spread', 'difference', 'reach'],
    rows: costs.map(({ packet, flows, sharedNs, unsharedNs, differenceNs, differenceMax }) => [
      packet,
      number(flows),
      number(sharedNs.median),
      percent(sharedNs),
      number(unsharedNs.median),
      percent(unsharedNs),
      differenceNs.median.toFixed(1),
      differenceMax === undefined ? '' : `under ${differenceMax}`,
    ]),
  };
}

function memoryTable(memories: readonly FlowMemory[]): TextTable {
  return {
    head: ['flow', 'family', 'Weir', 'JSON', 'ratio', 'reach'],
    rows: memories.map(({ kind, family, bytes, jsonBytes }) => [
      kind,
      `IPv${family}`,
      number(bytes),
      number(jsonBytes),
      `× ${(jsonBytes / bytes).toFixed(2)}`,
      `under ${kind === 'fullnat' ? 350 : 200}`,
    ]),
  };
}

function takeoverTable(times: readonly TakeoverTime[]): TextTable {
  return {
    head: ['flows are', 'flows', 'packets/s', 'half: ms', 'all: ms', 'reach', 'node: ns/flow', 'lost', 'elsewhere'],
    rows: times.map(({ flowsAre, flows, pace, halfMs, allMs, nodeNs, lost, elsewhere }) => [
      flowsAre,
      number(flows),
      number(pace),
      number(halfMs),
      number(allMs),
      flowsAre === 'known' ? '' : 'within 2,000',
      number(nodeNs),
      number(lost),
      number(elsewhere),
    ]),
  };
}

function crashTable(figures: readonly CrashFigures[]): TextTable {
  return {
    head: ['connections', "the node's", 'route gone: ms', 'then all moved: ms', 'pauses: p50', 'p99', 'max', 'lost'],
    rows: figures.map(({ connections, ofCrashedNode, routeGoneMs, allMovedMs, pausesMs, lost }) => [
      number(connections),
      number(ofCrashedNode),
      number(routeGoneMs),
      number(allMovedMs),
      number(pausesMs.p50),
      number(pausesMs.p99),
      number(pausesMs.max),
      number(lost),
    ]),
  };
}

function operationsTable(operations: readonly RedisOperations[]): TextTable {
  return {
    head: ['flows', 'number', 'forwarded', 'commands', 'within scripts', 'reach'],
    rows: operations.map(({ flowsAre, flows, forwarded, commands, withinScripts }) => [
      flowsAre === 'short' ? 'over before 3 s' : 'used after 3 s',
      number(flows),
      number(forwarded),
      number(commands),
      number(withinScripts),
      flowsAre === 'short' ? '0' : '',
    ]),
  };
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function percent({ spread }: Summary): string {
  return `±${(spread * 100).toFixed(0)} %`;
}
