import { BackendsService, type DrainBackendResponse } from '@weir/admin-api';
import { SingleBar } from 'cli-progress';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { interruption } from '../client/interruption.js';
import { durationArgument } from '../duration-argument.js';
import { changeText } from '../render/change-text.js';
import { durationOf } from '../render/quantities.js';
import { WeirctlError } from '../weirctl-error.js';
import { drainNodeCommand, undrainNodeCommand } from './drain-node.js';

interface SaveOptions {
  readonly save?: boolean;
}

interface DrainOptions extends SaveOptions {
  readonly limit?: number;
  readonly wait: boolean;
}

const saveOption = () => new Option('--save', 'without etcd: keep it in weir.yaml too');

/** `weirctl drain backend|node` */
export function drainCommand(): Command {
  const backend = new Command('backend')
    .description('new connections go elsewhere; waits until those that it has are over')
    .argument('<service>')
    .argument('<backend>', 'its name or address')
    .option('--limit <duration>', 'how long to wait; it goes on draining afterwards', durationArgument)
    .option('--no-wait', 'do not wait')
    .addOption(saveOption());
  return new Command('drain')
    .description('take a backend or a node out without breaking a connection')
    .addCommand(actionCommand<DrainOptions>(backend, drainBackend))
    .addCommand(drainNodeCommand());
}

/** `weirctl undrain backend|node` */
export function undrainCommand(): Command {
  const backend = new Command('backend')
    .description('it takes new connections again, with the weight that it had')
    .argument('<service>')
    .argument('<backend>', 'its name or address')
    .addOption(saveOption());
  return new Command('undrain')
    .alias('activate')
    .description('put a backend or a node to use again')
    .addCommand(
      actionCommand<SaveOptions>(backend, async (client, [service = '', name = ''], { save = false }) => {
        const request = { service, backend: name, expectedRevision: '', save };
        const { isInForce } = await client.call(BackendsService.undrainBackend, request);
        return changeText(`${name} of ${service} takes new connections`, isInForce);
      }),
    )
    .addCommand(undrainNodeCommand());
}

/** `weirctl weight SERVICE BACKEND WEIGHT` */
export function weightCommand(): Command {
  const command = new Command('weight')
    .description('set the share of new connections that a backend gets')
    .argument('<service>')
    .argument('<backend>', 'its name or address')
    .addArgument(new Argument('<weight>', '0 to 65535; 0: none').argParser(weightArgument))
    .addOption(saveOption());
  return actionCommand<SaveOptions>(
    command,
    async (client, [service = '', backend = '', weight = ''], { save = false }) => {
      const request = { service, backend, weight: Number(weight), expectedRevision: '', save };
      const { isInForce } = await client.call(BackendsService.setBackendWeight, request);
      return changeText(`${backend} of ${service} has weight ${weight}`, isInForce);
    },
  );
}

async function drainBackend(
  client: AdminClient,
  [service = '', backend = '']: readonly string[],
  { limit, wait, save = false }: DrainOptions,
): Promise<string> {
  using interrupted = interruption();
  const request = {
    service,
    backend,
    limit: limit === undefined ? undefined : durationOf(limit),
    expectedRevision: '',
    save,
  };
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: `${backend} {bar} {left} of {total} connections left`, stream: process.stderr })
    : undefined;
  let last: DrainBackendResponse | undefined;
  try {
    for await (const answer of client.stream(BackendsService.drainBackend, request, interrupted.signal)) {
      const left = answer.connectionsLeft;
      const total = Number(answer.connectionsAtStart);
      if (last === undefined) bar?.start(total, 0, { left: String(left) });
      bar?.update(total - Number(left), { left: String(left) });
      last = answer;
      if (!wait) break;
    }
  } finally {
    bar?.stop();
  }
  return endOfDrain({ service, backend, last, isInterrupted: interrupted.signal.aborted, wait });
}

interface EndedDrain {
  readonly service: string;
  readonly backend: string;
  readonly last: DrainBackendResponse | undefined;
  readonly isInterrupted: boolean;
  readonly wait: boolean;
}

function endOfDrain({ service, backend, last, isInterrupted, wait }: EndedDrain): string {
  const name = `${backend} of ${service}`;
  if (last === undefined) {
    throw new WeirctlError(
      isInterrupted ? 'INTERRUPTED' : 'NOT_DRAINED',
      `no answer came: it is not known whether ${name} drains; see "weirctl backends ${service}"`,
    );
  }
  if (last.isDrained) return `${name} is drained`;
  const drains = `${name} drains; ${last.connectionsLeft} connections are left`;
  if (isInterrupted) throw new WeirctlError('INTERRUPTED', `interrupted: ${drains}`);
  if (!last.countsAll) {
    return `${name} drains; this node does not remember all flows of ${service}, so it can't say when none is left`;
  }
  if (!wait) return drains;
  throw new WeirctlError(
    'NOT_DRAINED',
    `${name} still has ${last.connectionsLeft} connections; it goes on draining, "weirctl undrain backend ${service} ${backend}" takes it back`,
  );
}

function weightArgument(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Write a number from 0 to 65535.');
  return text;
}
