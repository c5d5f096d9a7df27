import { type Snapshot, StatsService } from '@weir/admin-api';
import { Command, Option } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { interruption } from '../client/interruption.js';
import type { Colours } from '../colours.js';
import { durationArgument } from '../duration-argument.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';
import { bitRate, durationOf, fullCount, packetRate } from '../render/quantities.js';
import { rates, type TrafficRates } from '../render/rates.js';
import { textTable } from '../text-table.js';

interface TopOptions extends ConnectionOptions {
  readonly interval: number;
  readonly once?: true;
  readonly service?: string;
  readonly output: OutputFormat;
}

/** Cursor home, and what is below it erased; alternate screen on and off. */
const Screen = { home: '\x1b[H\x1b[J', enter: '\x1b[?1049h\x1b[?25l', leave: '\x1b[?1049l\x1b[?25h' } as const;
/** Head, summary and the prompt of the shell. */
const LINES_BESIDE = 4;

/** `weirctl top` */
export function topCommand(): Command {
  const command = new Command('top')
    .description('traffic by service and backend as it flows, the busiest first; Ctrl-C ends it')
    .addOption(
      new Option('-i, --interval <duration>', 'between two looks').argParser(durationArgument).default(1000, '1s'),
    )
    .option('-s, --service <name>', 'only this one')
    .option('-1, --once', 'after one interval, print and end')
    .addOption(outputOption())
    .action(async () => top(command.opts<TopOptions>()));
  return connecting(command);
}

async function top(options: TopOptions): Promise<void> {
  using client = new AdminClient(options);
  using interrupted = interruption();
  const isScreen = process.stdout.isTTY && options.once !== true && options.output === 'text';
  const services = options.service === undefined ? [] : [options.service];
  const request = { services, interval: durationOf(options.interval) };
  let before: Snapshot | undefined;
  if (isScreen) process.stdout.write(Screen.enter);
  try {
    for await (const { snapshot } of client.stream(StatsService.streamStats, request, interrupted.signal)) {
      if (snapshot === undefined) continue;
      if (before !== undefined) {
        if (isScreen) process.stdout.write(Screen.home);
        const measured = rates(before, snapshot);
        printResult(options.output, measured, (colours) => topText(measured, colours, isScreen));
        if (options.once) return;
      }
      before = snapshot;
    }
  } finally {
    if (isScreen) process.stdout.write(Screen.leave);
  }
}

function topText(
  { total, rows, flows, flowCapacity, dropsPerSecond }: TrafficRates,
  colours: Colours,
  isScreen: boolean,
): string {
  const drops = Object.entries(dropsPerSecond).map(([reason, rate]) => `${reason} ${packetRate(rate)}`);
  const summary = [
    `${packetRate(total.packetsPerSecond)}, ${bitRate(total.bytesPerSecond)}, ${fullCount(flows)} of ${fullCount(flowCapacity)} entries of flows`,
    drops.length === 0 ? 'no drops' : colours.red(`dropped: ${drops.join(', ')}`),
  ];
  const most = isScreen ? Math.max(1, (process.stdout.rows || 24) - LINES_BESIDE) : rows.length;
  const table = textTable(
    [
      { head: 'SERVICE' },
      { head: 'BACKEND' },
      { head: 'PACKETS', align: 'right' },
      { head: 'BITS', align: 'right' },
      { head: 'ACTIVE', align: 'right' },
    ],
    rows
      .slice(0, most)
      .map(({ service, backend, packetsPerSecond, bytesPerSecond, activeConnections }) => [
        backend === '' ? colours.bold(service) : '',
        backend,
        packetRate(packetsPerSecond),
        bitRate(bytesPerSecond),
        fullCount(activeConnections),
      ]),
    colours,
  );
  return `${summary.join('\n')}\n\n${table}`;
}
