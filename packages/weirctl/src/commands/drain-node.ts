import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Node, NodeState, NodesService, StatsService } from '@weir/admin-api';
import { Command } from 'commander';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { allPages } from '../client/all-pages.js';
import { interruption } from '../client/interruption.js';
import { durationArgument } from '../duration-argument.js';
import { changeText } from '../render/change-text.js';
import { WeirctlError } from '../weirctl-error.js';

interface DrainNodeOptions {
  readonly limit?: number;
  readonly mark?: string;
}

interface UndrainNodeOptions {
  readonly marked?: string;
  readonly wait?: number;
}

/** How often a node is asked again. */
const ASK_AGAIN_MS = 1000;
const PAGE_SIZE = 1000;

/** `weirctl drain node` */
export function drainNodeCommand(): Command {
  const command = new Command('node')
    .description('withdraws its VIPs, marked for graceful shutdown; what still comes is forwarded')
    .argument('[node]', 'default: the one that is asked')
    .option('--limit <duration>', 'of the one that is asked: wait so long for its connections to end', durationArgument)
    .option('--mark <file>', 'written unless the node drained before; for "undrain node --marked"');
  return actionCommand<DrainNodeOptions>(command, drainNode);
}

/** `weirctl undrain node` */
export function undrainNodeCommand(): Command {
  const command = new Command('node')
    .description('it announces again what it can serve')
    .argument('[node]', 'default: the one that is asked')
    .option('--marked <file>', 'only where "drain node --mark" has written this file, which is removed')
    .option('--wait <duration>', 'for a node that does not answer yet', durationArgument);
  return actionCommand<UndrainNodeOptions>(command, undrainNode);
}

async function drainNode(
  client: AdminClient,
  [name = '']: readonly string[],
  { limit, mark }: DrainNodeOptions,
): Promise<string> {
  if (limit !== undefined && name !== '') {
    throw new WeirctlError(
      'REFUSED',
      `--limit waits for connections of the node that is asked, and ${name} was named; ask it by --address, or see "weirctl nodes"`,
    );
  }
  const { node, isInForce } = await markedDrain(client, name, mark);
  const drained = node?.name ?? name;
  if (limit !== undefined) return connectionsEnd(client, drained, limit);
  const drains = `node ${drained} drains; "weirctl nodes" shows what it still has, "weirctl undrain node ${drained}" takes it back`;
  return changeText(drains, isInForce);
}

/** The mark is there before the drain: one that is interrupted is undrained too. What was not drained is not to be. */
async function markedDrain(client: AdminClient, name: string, mark: string | undefined) {
  const before = mark === undefined ? undefined : await nodeCalled(client, name);
  const isMarked = mark !== undefined && before?.wantedState !== NodeState.DRAINING;
  if (isMarked) writeFile(mark, `${before?.name ?? name}\n`);
  try {
    return await client.call(NodesService.drainNode, { name });
  } catch (error) {
    if (isMarked && !mayHaveDrained(error)) rmSync(mark, { force: true });
    throw error;
  }
}

/** The answer was lost, and not the call, perhaps. */
function mayHaveDrained(error: unknown): boolean {
  return error instanceof WeirctlError && (error.code === 'NODE_UNAVAILABLE' || error.code === 'NODE_SILENT');
}

async function undrainNode(
  client: AdminClient,
  [name = '']: readonly string[],
  { marked, wait: waitMs = 0 }: UndrainNodeOptions,
): Promise<string> {
  if (marked !== undefined && !existsSync(marked)) return `nothing to undrain: there is no ${marked}`;
  const untilMs = Date.now() + waitMs;
  for (;;) {
    try {
      const { node, isInForce } = await client.call(NodesService.activateNode, { name });
      if (marked !== undefined) rmSync(marked, { force: true });
      return changeText(`node ${node?.name ?? name} is active`, isInForce);
    } catch (error) {
      if (!(error instanceof WeirctlError) || Date.now() >= untilMs) throw error;
      await wait(ASK_AGAIN_MS);
    }
  }
}

/** @param name  empty: the one that is asked */
async function nodeCalled(client: AdminClient, name: string): Promise<Node | undefined> {
  const nodes = await allPages(
    (pageToken) => client.call(NodesService.listNodes, { pageSize: PAGE_SIZE, pageToken }),
    ({ nodes }) => nodes,
  );
  return nodes.find((node) => (name === '' ? node.isThis : node.name === name));
}

/** @throws {WeirctlError} NOT_DRAINED: some are left after the limit */
async function connectionsEnd(client: AdminClient, name: string, limitMs: number): Promise<string> {
  using interrupted = interruption();
  const untilMs = Date.now() + limitMs;
  for (;;) {
    const left = await connections(client);
    if (left === 0n) return `node ${name} is drained`;
    const drains = `node ${name} drains; ${left} connections are left`;
    if (interrupted.signal.aborted) throw new WeirctlError('INTERRUPTED', `interrupted: ${drains}`);
    if (Date.now() >= untilMs) {
      throw new WeirctlError('NOT_DRAINED', `${drains}; "weirctl undrain node ${name}" takes it back`);
    }
    await wait(ASK_AGAIN_MS, undefined, { signal: interrupted.signal }).catch(() => {});
  }
}

/** That the node remembers and that are active. */
async function connections(client: AdminClient): Promise<bigint> {
  const { snapshot } = await client.call(StatsService.getStats, { services: [] });
  return (snapshot?.services ?? []).reduce((sum, { traffic }) => sum + (traffic?.activeConnections ?? 0n), 0n);
}

/** @throws {WeirctlError} OUTPUT_UNWRITABLE */
function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new WeirctlError('OUTPUT_UNWRITABLE', `${path} can't be written: ${(cause as Error).message}`, { cause });
  }
}
