import { Command, Option } from 'commander';
import { durationArgument } from '../duration-argument.js';
import { type FlowsArgument, flowsArgument, flowsOfMembers } from '../flows-argument.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';
import { WeirctlError } from '../weirctl-error.js';

interface PlanOptions {
  readonly service?: string;
  readonly fill: number;
  readonly drainLimit: number;
  readonly flows?: FlowsArgument;
  readonly output: OutputFormat;
}

const HOUR_MS = 3_600_000;

/** `weirctl director plan CURRENT WANTED` */
export function planCommand(): Command {
  return new Command('plan')
    .description('in which order to change the members of a service, and what each step does to its connections')
    .argument('<current>', "weir.yaml, or GLB's forwarding_table.json, as in force")
    .argument('<wanted>', 'the same as it should become')
    .option('-s, --service <name>', 'the service; default: the only one with second chance')
    .addOption(
      new Option('--fill <duration>', 'how long a member fills: what the longest connections last')
        .argParser(durationArgument)
        .default(HOUR_MS, '1h'),
    )
    .addOption(
      new Option('--drain-limit <duration>', 'after how long a draining member goes, whatever it still has')
        .argParser(durationArgument)
        .default(HOUR_MS, '1h'),
    )
    .option('--flows <count>', 'flows there are now: of all members, or member=count, repeated', flowsArgument)
    .addOption(outputOption())
    .action(plan);
}

async function plan(currentFile: string, wantedFile: string, options: PlanOptions): Promise<void> {
  const [{ planChange }, { planText, planValues }, { checkSameTable, planService }] = await Promise.all([
    import('@weir/director'),
    import('../plan-report.js'),
    import('../plan-source.js'),
  ]);
  const current = await planService(currentFile, options.service);
  const wanted = await planService(wantedFile, options.service ?? current.name);
  checkSameTable([currentFile, current], [wantedFile, wanted]);
  const { name: service, seed, choices } = current;
  const planned = {
    service,
    choices,
    plan: await planChange({
      table: { seed, choices },
      current: current.members,
      wanted: wanted.members,
      limits: { fillMs: options.fill, drainLimitMs: options.drainLimit },
      ...(options.flows === undefined ? {} : { flows: flowsOfMembers(options.flows, current.members) }),
    }),
  };
  printResult(options.output, planValues(planned), (colours) => planText(planned, colours));
  if (planned.plan.blocked.length === 0) return;
  throw new WeirctlError(
    'PLAN_BLOCKED',
    `the rules do not lead from ${currentFile} to ${wantedFile}; see what blocks it`,
  );
}
