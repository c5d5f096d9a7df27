import { createInterface } from 'node:readline/promises';
import {
  type ApplyServiceResponse,
  BackendsService,
  type Service,
  ServicesService,
  serviceSpecOf,
} from '@weir/admin-api';
import type { ServiceInput } from '@weir/control';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { allPages } from '../client/all-pages.js';
import { readInput } from '../input-file.js';
import { changeLines } from '../render/change-lines.js';
import { WeirctlError } from '../weirctl-error.js';

interface FileOptions {
  readonly file: string;
}

interface ApplyOptions extends FileOptions {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly yes?: boolean;
  readonly save?: boolean;
}

const PAGE_SIZE = 1000;
const fileOption = () =>
  new Option(
    '-f, --file <file>',
    'services as in weir.yaml, or one of them; YAML or JSON; - is the standard input',
  ).makeOptionMandatory();
const saveOption = () => new Option('--save', 'without etcd: keep it in weir.yaml too');

/** `weirctl apply -f FILE` */
export function applyCommand(): Command {
  const command = new Command('apply')
    .description('make services what a file says, and print what changes; nothing changes unless all of them are valid')
    .addOption(fileOption())
    .option('--dry-run', 'only print what would change')
    .option('--prune', 'delete services that the file does not have')
    .option('-y, --yes', 'with --prune: do not ask')
    .addOption(saveOption());
  return actionCommand<ApplyOptions>(command, apply);
}

/** `weirctl diff -f FILE` */
export function diffCommand(): Command {
  const command = new Command('diff')
    .description('what apply would change; ends with 1 if there is something, as diff(1)')
    .addOption(fileOption());
  return actionCommand<FileOptions>(command, async (client, _, { file }) => {
    const plans = await planned(client, await services(file), false);
    const lines = plans.flatMap(linesOf);
    if (lines.length === 0) return 'no difference';
    process.stdout.write(`${lines.join('\n')}\n`);
    throw new WeirctlError('DIFFERENT', `${count(plans.filter(isChange).length)} would change`);
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
        await client.call(ServicesService.deleteService, { name, expectedRevision: '', save });
        return `service ${name} is deleted`;
      }),
    )
    .addCommand(
      actionCommand<{ save?: boolean }>(backend, async (client, [of = '', name = ''], { save = false }) => {
        await client.call(BackendsService.deleteBackend, { service: of, backend: name, expectedRevision: '', save });
        return `backend ${name} of ${of} is deleted`;
      }),
    );
}

/** What a request for a service would change, and from what. */
interface Plan {
  readonly service: ServiceInput;
  readonly answer: ApplyServiceResponse;
  /** What it is now; `0`: it is not there. */
  readonly revision: string;
}

async function apply(client: AdminClient, _: readonly string[], options: ApplyOptions): Promise<string> {
  const { file, dryRun = false, prune = false, save = false } = options;
  const wanted = await services(file);
  const plans = await planned(client, wanted, save);
  const extra = prune ? await othersThan(client, wanted) : [];
  const lines = [...plans.flatMap(linesOf), ...extra.map(({ spec }) => pc.red(`- service ${spec?.name}`))];
  if (lines.length === 0) return 'nothing changes';
  process.stdout.write(`${lines.join('\n')}\n`);
  const changed = plans.filter(isChange);
  if (dryRun) return `${count(changed.length + extra.length)} would change`;
  if (extra.length > 0 && options.yes !== true) await confirm(extra);
  for (const { service, revision } of changed) await request(client, service, { revision, dryRun: false, save });
  for (const { spec, revision } of extra) {
    await client.call(ServicesService.deleteService, { name: spec?.name ?? '', expectedRevision: revision, save });
  }
  return `${count(changed.length + extra.length)} changed`;
}

async function services(file: string): Promise<readonly ServiceInput[]> {
  const { parseServices } = await import('@weir/control');
  return parseServices(await readInput(file), file);
}

/** All are asked about before any is changed. */
async function planned(client: AdminClient, wanted: readonly ServiceInput[], save: boolean): Promise<readonly Plan[]> {
  const current = new Map((await allServices(client)).map((service) => [service.spec?.name, service]));
  const plans: Plan[] = [];
  for (const service of wanted) {
    const revision = current.get(service.name)?.revision ?? '0';
    plans.push({ service, revision, answer: await request(client, service, { revision, dryRun: true, save }) });
  }
  return plans;
}

function request(
  client: AdminClient,
  service: ServiceInput,
  { revision, dryRun, save }: { readonly revision: string; readonly dryRun: boolean; readonly save: boolean },
): Promise<ApplyServiceResponse> {
  return client.call(ServicesService.applyService, {
    service: serviceSpecOf(service),
    updateMask: undefined,
    expectedRevision: revision,
    dryRun,
    save,
  });
}

function allServices(client: AdminClient): Promise<Service[]> {
  return allPages(
    (pageToken) => client.call(ServicesService.listServices, { pageSize: PAGE_SIZE, pageToken, vip: '' }),
    (page) => page.services,
  );
}

async function othersThan(client: AdminClient, wanted: readonly ServiceInput[]): Promise<readonly Service[]> {
  const names = new Set(wanted.map(({ name }) => name));
  return (await allServices(client)).filter(({ spec }) => spec !== undefined && !names.has(spec.name));
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

function isChange({ answer }: Plan): boolean {
  return answer.changes.length > 0;
}

function linesOf({ service, answer, revision }: Plan): readonly string[] {
  if (answer.changes.length === 0) return [];
  return revision === '0'
    ? [pc.green(`+ service ${service.name}`)]
    : [`service ${service.name}`, ...changeLines(answer.changes, pc)];
}

function count(services: number): string {
  return `${services} service${services === 1 ? '' : 's'}`;
}
