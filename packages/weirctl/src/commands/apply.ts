import { createInterface } from 'node:readline/promises';
import { BackendsService, type Service, ServicesService } from '@weir/admin-api';
import type { ServiceInput } from '@weir/control';
import { Command, Option } from 'commander';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { readInput } from '../input-file.js';
import { type OutputFormat, outputOption, renderResult } from '../output.js';
import { changeText } from '../render/change-text.js';
import { WeirctlError } from '../weirctl-error.js';
import { type ChangeStep, takeSteps } from './change-steps.js';
import { isChange, plannedChanges, plannedLines } from './planned-changes.js';
import { allServices, applyRequest, planned, type ServicePlan } from './service-plan.js';

interface FileOptions {
  readonly file: string;
  readonly output: OutputFormat;
}

interface ApplyOptions extends FileOptions {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly yes?: boolean;
  readonly save?: boolean;
}

const fileOption = () =>
  new Option(
    '-f, --file <file>',
    'services as in weir.yaml, or one of them; YAML or JSON; - is the standard input',
  ).makeOptionMandatory();
const saveOption = () => new Option('--save', 'without etcd: keep it in weir.yaml too');

/** `weirctl apply -f FILE` */
export function applyCommand(): Command {
  const command = new Command('apply')
    .description('make services what a file says, one after another, and print what changes')
    .addOption(fileOption())
    .option('--dry-run', 'only print what would change')
    .option('--prune', 'delete services that the file does not have')
    .option('-y, --yes', 'with --prune: do not ask')
    .addOption(saveOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Each service is tried before the first is changed, so that a wrong file changes nothing. A service that takes over the VIP of
another one can't be tried before: it is changed last, after those that go. Where the node refuses one nevertheless, the
command ends and says which are changed and which are not.`,
    );
  return actionCommand<ApplyOptions>(command, apply);
}

/** `weirctl diff -f FILE` */
export function diffCommand(): Command {
  const command = new Command('diff')
    .description('what apply would change; ends with 1 if there is something, as diff(1)')
    .addOption(fileOption())
    .addOption(outputOption());
  return actionCommand<FileOptions>(command, async (client, _, { file, output }) => {
    const wanted = await services(file);
    const plans = await planned(client, { wanted, current: await allServices(client), extra: [], save: false });
    const changes = plannedChanges(plans, []);
    const text = () => plannedLines(plans, []).join('\n') || 'no difference';
    const result = renderResult(output, { services: changes }, text);
    if (changes.length === 0) return result;
    process.stdout.write(`${result}\n`);
    throw new WeirctlError('DIFFERENT', `${count(changes.length)} would change`);
  });
}

/** `weirctl delete service|backend` */
export function deleteCommand(): Command {
  const service = new Command('service')
    .description('its VIP is withdrawn where no other service has it')
    .argument('<name>')
    .addOption(saveOption());
  const backend = new Command('backend')
    .description('its connections end; drain it first')
    .argument('<service>')
    .argument('<backend>', 'its name or address')
    .addOption(saveOption());
  return new Command('delete')
    .description('take a service or a backend away')
    .addCommand(
      actionCommand<{ save?: boolean }>(service, async (client, [name = ''], { save = false }) => {
        const request = { name, expectedRevision: '', save };
        const { isInForce } = await client.call(ServicesService.deleteService, request);
        return changeText(`service ${name} is deleted`, isInForce);
      }),
    )
    .addCommand(
      actionCommand<{ save?: boolean }>(backend, async (client, [of = '', name = ''], { save = false }) => {
        const request = { service: of, backend: name, expectedRevision: '', save };
        const { isInForce } = await client.call(BackendsService.deleteBackend, request);
        return changeText(`backend ${name} of ${of} is deleted`, isInForce);
      }),
    );
}

async function apply(client: AdminClient, _: readonly string[], options: ApplyOptions): Promise<string> {
  const { file, output, dryRun = false, prune = false, save = false } = options;
  const wanted = await services(file);
  const current = await allServices(client);
  const extra = prune ? othersThan(wanted, current) : [];
  const plans = await planned(client, { wanted, current, extra, save });
  const changes = plannedChanges(plans, extra);
  const told = (isApplied: boolean, isInForce: boolean, text: string) =>
    renderResult(output, { services: changes, isApplied, isInForce }, () => text);
  if (changes.length === 0) return told(false, true, 'nothing changes');
  if (output === 'text') process.stdout.write(`${plannedLines(plans, extra).join('\n')}\n`);
  const changed = plans.filter(isChange);
  const total = count(changes.length);
  if (dryRun) return told(false, false, `${total} would change`);
  if (extra.length > 0 && options.yes !== true) await confirm(extra);
  const applying = ({ service, revision }: ServicePlan): ChangeStep => ({
    service: service.name,
    take: () => applyRequest(client, service, { revision, dryRun: false, save }),
  });
  const deleting = ({ spec, revision }: Service): ChangeStep => ({
    service: spec?.name ?? '',
    take: () =>
      client.call(ServicesService.deleteService, { name: spec?.name ?? '', expectedRevision: revision, save }),
  });
  const isInForce = await takeSteps([
    ...changed.filter(isTried).map(applying),
    ...extra.map(deleting),
    ...changed.filter((plan) => !isTried(plan)).map(applying),
  ]);
  return told(true, isInForce, changeText(`${total} changed`, isInForce));
}

async function services(file: string): Promise<readonly ServiceInput[]> {
  const { parseServices } = await import('@weir/control');
  return parseServices(await readInput(file), file);
}

function othersThan(wanted: readonly ServiceInput[], current: readonly Service[]): readonly Service[] {
  const names = new Set(wanted.map(({ name }) => name));
  return current.filter(({ spec }) => spec !== undefined && !names.has(spec.name));
}

async function confirm(extra: readonly Service[]): Promise<void> {
  const names = extra.map(({ spec }) => spec?.name).join(', ');
  if (!process.stdin.isTTY) {
    throw new WeirctlError('REFUSED', `--prune would delete ${names}; say --yes to do so without being asked`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Delete ${names}? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new WeirctlError('REFUSED', 'nothing was changed');
  } finally {
    terminal.close();
  }
}

function isTried({ trial }: ServicePlan): boolean {
  return trial.kind === 'tried';
}

function count(services: number): string {
  return `${services} service${services === 1 ? '' : 's'}`;
}
