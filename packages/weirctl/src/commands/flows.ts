import { CountFlowsResponse, Flow, type FlowFilter, FlowsService } from '@weir/admin-api';
import { Command, InvalidArgumentError } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { interruption } from '../client/interruption.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';
import { ageText, durationMs, endpointText, fullCount } from '../render/quantities.js';
import { textTable } from '../text-table.js';
import { WeirctlError } from '../weirctl-error.js';

interface FlowsOptions extends ConnectionOptions, Partial<FlowFilter> {
  readonly limit: number;
  readonly count?: true;
  readonly terminate?: true;
  readonly all?: true;
  readonly dryRun?: true;
  readonly output: OutputFormat;
}

const LIMIT = 100;

/** `weirctl flows` */
export function flowsCommand(): Command {
  const command = new Command('flows')
    .description('flows that the node remembers: list, count or forget them')
    .option('-s, --service <name>', 'only of this service')
    .option('-b, --backend <address>', 'only to this backend')
    .option('-c, --client <network>', 'only of these clients, such as 203.0.113.0/24; where they are known')
    .option('--vip <address>', 'only to this VIP')
    .option('--state <state>', 'only syn, established, fin, closed, or active (UDP and others)')
    .option('--protocol <name>', 'only tcp, udp, sctp, esp or ah')
    .option('-n, --limit <count>', 'at most so many; 0: all', wholeNumber, LIMIT)
    .option('--count', 'how many, by backend')
    .option('--terminate', 'forget them: their next packets are those of unknown flows')
    .option('--all', 'with --terminate: without any of the conditions above')
    .option('--dry-run', 'with --terminate: only say how many')
    .addOption(outputOption());
  command.action(async () => {
    const options = command.opts<FlowsOptions>();
    using client = new AdminClient(options);
    if (options.terminate) await terminate(client, options);
    else if (options.count) await count(client, options);
    else await list(client, options);
  });
  return connecting(command);
}

function filterOf({ service = '', backend = '', client = '', vip = '', state = '', protocol = '' }: FlowsOptions) {
  return { service, backend, client, vip, state, protocol };
}

async function list(client: AdminClient, options: FlowsOptions): Promise<void> {
  using interrupted = interruption();
  const request = { filter: filterOf(options), limit: BigInt(options.limit) };
  const flows: Flow[] = [];
  let unanswered = 0n;
  for await (const message of client.stream(FlowsService.listFlows, request, interrupted.signal)) {
    flows.push(...message.flows);
    unanswered = message.unanswered;
  }
  const values = { flows: flows.map(Flow.toJSON), unanswered: Number(unanswered) };
  printResult(options.output, values, (colours) => {
    const table = textTable(
      [
        { head: 'SERVICE' },
        { head: 'PROTO' },
        { head: 'CLIENT' },
        { head: 'VIP' },
        { head: 'BACKEND' },
        { head: 'LOCAL' },
        { head: 'STATE' },
        { head: 'IDLE', align: 'right' },
        { head: 'SHARED' },
      ],
      flows.map(({ tuple, service, backendAddress, backendPort, localAddress, localPort, state, idle, isShared }) => [
        service,
        tuple?.protocol ?? '',
        tuple === undefined ? colours.dim('not kept') : endpointText(tuple.clientAddress, tuple.clientPort),
        tuple === undefined ? '' : endpointText(tuple.vip, tuple.vipPort),
        endpointText(backendAddress, backendPort),
        localAddress === '' ? '' : endpointText(localAddress, localPort),
        state,
        ageText(durationMs(idle)),
        isShared ? 'yes' : '',
      ]),
      colours,
    );
    const more =
      options.limit > 0 && flows.length === options.limit ? `\nthe first ${options.limit}; --limit 0 shows all` : '';
    return (flows.length === 0 ? 'no flows' : table) + more + unansweredText(unanswered);
  });
  if (interrupted.signal.aborted) {
    throw new WeirctlError('INTERRUPTED', `interrupted after ${fullCount(flows.length)} flows; there may be more`);
  }
}

async function count(client: AdminClient, options: FlowsOptions): Promise<void> {
  const counted = await client.call(FlowsService.countFlows, { filter: filterOf(options) });
  printResult(options.output, CountFlowsResponse.toJSON(counted) as object, (colours) => {
    const { backends, flows, capacity, unanswered } = counted;
    const table = textTable(
      [{ head: 'SERVICE' }, { head: 'BACKEND' }, { head: 'FLOWS', align: 'right' }],
      backends.map((one) => [one.service, endpointText(one.backendAddress, one.backendPort), fullCount(one.flows)]),
      colours,
    );
    return `${table}\n${fullCount(flows)} flows; the table has ${fullCount(capacity)} entries${unansweredText(unanswered)}`;
  });
}

async function terminate(client: AdminClient, options: FlowsOptions): Promise<void> {
  const { all = false, dryRun = false } = options;
  const request = { filter: filterOf(options), all, dryRun };
  const { terminated, unanswered } = await client.call(FlowsService.terminateFlows, request);
  const values = { terminated: Number(terminated), unanswered: Number(unanswered) };
  printResult(options.output, values, () => {
    const text = `${fullCount(terminated)} flows ${dryRun ? 'would be' : 'are'} forgotten`;
    return text + unansweredText(unanswered);
  });
}

function unansweredText(unanswered: bigint): string {
  if (unanswered === 0n) return '';
  return `\nof ${fullCount(unanswered)} further flows the node keeps no addresses: the conditions can't be answered of them`;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 0 on.');
  return Number(text);
}
