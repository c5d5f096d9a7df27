import { BackendsService, NodesService, ServicesService } from '@weir/admin-api';
import type { Argument, Command } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import type { ConnectionOptions } from '../client/connection-options.js';
import { WeirctlError } from '../weirctl-error.js';

/** Who presses a key does not wait. */
const TIMEOUT_MS = 1000;
const PAGE_SIZE = 1000;

/** What may stand in place of the last of the words behind `weirctl`; names come from the node, if it answers at once. */
export async function completions(root: Command, words: readonly string[]): Promise<readonly string[]> {
  const last = words.at(-1) ?? '';
  let command = root;
  const given: string[] = [];
  for (const word of words.slice(0, -1)) {
    const inner =
      given.length === 0
        ? command.commands.find((one) => one.name() === word || one.aliases().includes(word))
        : undefined;
    if (inner !== undefined) command = inner;
    else if (!word.startsWith('-')) given.push(word);
  }
  const before = words.at(-2);
  const option = command.options.find(({ long, short }) => before !== undefined && [long, short].includes(before));
  if (option?.argChoices !== undefined) return startingWith(last, option.argChoices);
  if (last.startsWith('-'))
    return startingWith(
      last,
      command.options.map(({ long }) => long).filter((long) => long !== undefined),
    );
  const commands = command.commands.map((one) => one.name()).filter((name) => name !== 'complete');
  const argument = command.registeredArguments[given.length];
  const values = argument === undefined ? [] : await valuesOf(argument, command, given, words);
  return startingWith(last, [...commands, ...values]);
}

function startingWith(start: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith(start));
}

async function valuesOf(
  argument: Argument,
  command: Command,
  given: readonly string[],
  words: readonly string[],
): Promise<readonly string[]> {
  if (argument.argChoices !== undefined) return argument.argChoices;
  const isName = argument.name() === 'name' && ['services', 'service'].includes(command.name());
  const kind = isName ? 'service' : argument.name();
  if (!['service', 'backend', 'node'].includes(kind)) return [];
  const options = connectionOf(command, words);
  if (options === undefined) return [];
  using client = new AdminClient(options);
  try {
    return await namesOf(client, kind, given[0] ?? '');
  } catch (error) {
    if (error instanceof WeirctlError) return [];
    throw error;
  }
}

/** Undefined: a command that does not talk to a node. Nothing was parsed: options stand among the words, or in the environment. */
function connectionOf(command: Command, words: readonly string[]): ConnectionOptions | undefined {
  const entries = command.options.flatMap((option) => {
    const at = words.findLastIndex((word) => word === option.long || word === option.short);
    const given = at === -1 ? undefined : words[at + 1];
    const fromEnvironment = option.envVar === undefined ? undefined : process.env[option.envVar];
    const value = given ?? fromEnvironment ?? option.defaultValue;
    return value === undefined ? [] : [[option.attributeName(), value] as const];
  });
  const options = Object.fromEntries(entries) as Partial<ConnectionOptions>;
  return options.address === undefined ? undefined : { ...options, address: options.address, timeout: TIMEOUT_MS };
}

async function namesOf(client: AdminClient, kind: string, service: string): Promise<readonly string[]> {
  const page = { pageSize: PAGE_SIZE, pageToken: '' };
  switch (kind) {
    case 'service':
      return (await client.call(ServicesService.listServices, { ...page, vip: '' })).services.map(
        ({ spec }) => spec?.name ?? '',
      );
    case 'backend':
      return (await client.call(BackendsService.listBackends, { ...page, service })).backends.map(
        ({ spec }) => spec?.name ?? spec?.address ?? '',
      );
    default:
      return (await client.call(NodesService.listNodes, page)).nodes.map(({ name }) => name);
  }
}
