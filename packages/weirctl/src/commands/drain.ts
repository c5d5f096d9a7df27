import { BackendsService, NodesService } from '@weir/admin-api';
import { SingleBar } from 'cli-progress';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { interruption } from '../client/interruption.js';
import { durationArgument } from '../duration-argument.js';
import { durationOf } from '../render/quantities.js';
import { WeirctlError } from '../weirctl-error.js';

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
  const node = new Command('node')
    .description('withdraws its VIPs, marked for graceful shutdown; what still comes is forwarded')
    .argument('[node]', 'default: the one that is asked');
  return new Command('drain')
    .description('take a backend or a node out without breaking a connection')
    .addCommand(actionCommand<DrainOptions>(backend, drainBackend))
    .addCommand(
      actionCommand(node, async (client, [name = '']) => {
        const { node: drained } = await client.call(NodesService.drainNode, { name });
        return `node ${drained?.name ?? name} drains; "weirctl nodes" shows what it still has, "weirctl undrain node ${drained?.name ?? name}" takes it back`;
      }),
    );
}

/** `weirctl undrain backend|node` */
export function undrainCommand(): Command {
  const backend = new Command('backend')
    .description('it takes new connections again, with the weight that it had')
    .argument('<service>')
    .argument('<backend>', 'its name or address')
    .addOption(saveOption());
  const node = new Command('node')
    .description('it announces again what it can serve')
    .argument('[node]', 'default: the one that is asked');
  return new Command('undrain')
    .alias('activate')
    .description('put a backend or a node to use again')
    .addCommand(
      actionCommand<SaveOptions>(backend, async (client, [service = '', name = ''], { save = false }) => {
        const request = { service, backend: name, expectedRevision: '', save };
        await client.call(BackendsService.undrainBackend, request);
        return `${name} of ${service} takes new connections`;
      }),
    )
    .addCommand(
      actionCommand(node, async (client, [name = '']) => {
        const { node: active } = await client.call(NodesService.activateNode, { name });
        return `node ${active?.name ?? name} is active`;
      }),
    );
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
      await client.call(BackendsService.setBackendWeight, request);
      return `${backend} of ${service} has weight ${weight}`;
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
  let left = 0n;
  let isDrained = false;
  try {
    let isFirst = true;
    for await (const answer of client.stream(BackendsService.drainBackend, request, interrupted.signal)) {
      left = answer.connectionsLeft;
      ({ isDrained } = answer);
      const total = Number(answer.connectionsAtStart);
      if (isFirst) bar?.start(total, 0, { left: String(left) });
      isFirst = false;
      bar?.update(total - Number(left), { left: String(left) });
      if (!wait) break;
    }
  } finally {
    bar?.stop();
  }
  if (isDrained) return `${backend} of ${service} is drained`;
  if (!wait || interrupted.signal.aborted) return `${backend} of ${service} drains; ${left} connections are left`;
  // Of some services nodes remember no flow, and so can't tell when the last one is over.
  const has = left === 0n ? 'may still have connections that no node counts' : `still has ${left} connections`;
  throw new WeirctlError(
    'NOT_DRAINED',
    `${backend} of ${service} ${has}; it goes on draining, "weirctl undrain backend ${service} ${backend}" takes it back`,
  );
}

function weightArgument(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Write a number from 0 to 65535.');
  return text;
}
