import type { MethodDefinition } from '@grpc/grpc-js';
import { PlanRolloutResponse, Rollout, type RolloutStep, RolloutsService } from '@weir/admin-api';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { parse } from 'yaml';
import { actionCommand } from '../client/action-command.js';
import type { AdminClient } from '../client/admin-client.js';
import { allPages } from '../client/all-pages.js';
import { interruption } from '../client/interruption.js';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { readInput } from '../input-file.js';
import { ageText, sinceText } from '../render/quantities.js';
import { textTable } from '../text-table.js';
import { WeirctlError } from '../weirctl-error.js';

interface FileOptions {
  readonly file: string;
  readonly watch?: boolean;
}

const PAGE_SIZE = 100;
/** Phases that a rollout does not leave by itself. */
const ended = ['done', 'aborted', 'failed'];

/** `weirctl rollout …` */
export function rolloutCommand(): Command {
  return new Command('rollout')
    .alias('rollouts')
    .description('changes of the fleet in steps that break no connection')
    .addCommand(planCommand())
    .addCommand(startCommand())
    .addCommand(statusCommand())
    .addCommand(watchCommand())
    .addCommand(
      wishCommand('pause', 'the step in work is ended, the next one is not begun', RolloutsService.pauseRollout),
    )
    .addCommand(wishCommand('resume', 'go on after a pause', RolloutsService.resumeRollout))
    .addCommand(wishCommand('abort', 'back to the former state', RolloutsService.abortRollout))
    .addCommand(deleteCommand());
}

function planCommand(): Command {
  const command = new Command('plan')
    .description('the steps of a rollout, and what stands in its way; starts nothing')
    .argument('<name>')
    .requiredOption('-f, --file <file>', 'what is to be done, YAML or JSON; - is the standard input');
  return viewCommand<PlanRolloutResponse, FileOptions>(command, {
    read: async (client, { file }, [name = '']) =>
      client.call(RolloutsService.planRollout, { name, specJson: await readSpec(file) }),
    values: (plan) => PlanRolloutResponse.toJSON(plan),
    text({ steps, troubles }, colours) {
      const plan = steps.map(({ text }, i) => `${String(i + 1).padStart(3)}  ${text}`).join('\n');
      if (troubles.length === 0) return `${plan}\n\n${colours.green('nothing stands in the way')}`;
      return `${plan}\n\nin the way:\n${troubles.map((trouble) => `  ${colours.red(trouble)}`).join('\n')}`;
    },
  });
}

function startCommand(): Command {
  const command = new Command('start')
    .description('begin a rollout; a node drives it to its end, whether anybody watches or not')
    .argument('<name>')
    .requiredOption('-f, --file <file>', 'what is to be done, YAML or JSON; - is the standard input')
    .option('--no-watch', 'do not watch it');
  return actionCommand<FileOptions>(command, async (client, [name = ''], { file, watch }) => {
    await client.call(RolloutsService.startRollout, { name, specJson: await readSpec(file) });
    if (watch === false) return `rollout ${name} has begun; "weirctl rollout watch ${name}" shows how it goes`;
    process.stdout.write(`rollout ${name} has begun\n`);
    return watchToEnd(client, name);
  });
}

function statusCommand(): Command {
  const command = new Command('status').description('rollouts that there are, or the steps of one').argument('[name]');
  return viewCommand<readonly Rollout[]>(command, {
    async read(client, _, [name]) {
      if (name === undefined) {
        return allPages(
          (pageToken) => client.call(RolloutsService.listRollouts, { pageSize: PAGE_SIZE, pageToken }),
          ({ rollouts }) => rollouts,
        );
      }
      const { rollout } = await client.call(RolloutsService.getRollout, { name });
      return rollout === undefined ? [] : [rollout];
    },
    values: (rollouts) => ({ rollouts: rollouts.map(Rollout.toJSON) }),
    text(rollouts, colours) {
      const [only] = rollouts;
      if (command.args.length > 0 && only !== undefined) return rolloutText(only, colours);
      if (rollouts.length === 0) return 'no rollouts';
      return textTable(
        [
          { head: 'ROLLOUT' },
          { head: 'PHASE' },
          { head: 'STEPS', align: 'right' },
          { head: 'STARTED' },
          { head: 'LEADER' },
          { head: 'WHY' },
        ],
        rollouts.map(({ name, phase, steps, started, leader, reason }) => [
          name,
          phaseText(phase, colours),
          `${steps.filter((step) => step.phase === 'done').length}/${steps.length}`,
          started === undefined ? '' : `${sinceText(started)} ago`,
          leader,
          reason,
        ]),
        colours,
      );
    },
  });
}

function watchCommand(): Command {
  const command = new Command('watch').description('how a rollout goes, until it has ended').argument('<name>');
  return actionCommand(command, (client, [name = '']) => watchToEnd(client, name));
}

function wishCommand(
  wish: 'pause' | 'resume' | 'abort',
  description: string,
  method: MethodDefinition<{ name: string }, { rollout: Rollout | undefined }>,
): Command {
  return actionCommand(new Command(wish).description(description).argument('<name>'), async (client, [name = '']) => {
    const { rollout } = await client.call(method, { name });
    return `rollout ${name}: ${wish} is asked for, it is ${rollout?.phase || 'waiting'}`;
  });
}

function deleteCommand(): Command {
  const command = new Command('delete').description('forget a rollout that has ended').argument('<name>');
  return actionCommand(command, async (client, [name = '']) => {
    await client.call(RolloutsService.deleteRollout, { name });
    return `rollout ${name} is deleted`;
  });
}

/** On a terminal a bar; else a line for each thing that changes. */
async function watchToEnd(client: AdminClient, name: string): Promise<string> {
  using interrupted = interruption();
  const bar = process.stdout.isTTY
    ? new SingleBar({ format: `${name} {bar} {value} of {total} steps, {detail}`, stream: process.stdout })
    : undefined;
  let last: Rollout | undefined;
  try {
    for await (const { rollout } of client.stream(RolloutsService.watchRollout, { name }, interrupted.signal)) {
      if (rollout === undefined) continue;
      if (bar === undefined) for (const line of news(last, rollout)) process.stdout.write(`${line}\n`);
      else show(bar, last, rollout);
      last = rollout;
      if (ended.includes(rollout.phase)) break;
    }
  } finally {
    bar?.stop();
  }
  if (last === undefined || !ended.includes(last.phase)) {
    const text = `rollout ${name} goes on without being watched`;
    if (interrupted.signal.aborted) throw new WeirctlError('INTERRUPTED', `interrupted: ${text}`);
    return text;
  }
  if (last.phase !== 'done') {
    throw new WeirctlError(
      'ROLLOUT_STOPPED',
      `rollout ${name} is ${last.phase}${last.reason === '' ? '' : `: ${last.reason}`}`,
    );
  }
  const took =
    last.started === undefined ? '' : ` in ${ageText((last.ended ?? new Date()).getTime() - last.started.getTime())}`;
  return `rollout ${name} is done${took}`;
}

function show(bar: SingleBar, before: Rollout | undefined, { steps, phase, reason }: Rollout): void {
  const current = steps.find((step) => step.phase === 'running');
  const done = steps.filter((step) => step.phase === 'done').length;
  const doing = current === undefined ? '' : `: ${current.text}${current.detail === '' ? '' : `, ${current.detail}`}`;
  const detail = phase === 'running' ? `running${doing}` : `${phase}${reason === '' ? '' : `: ${reason}`}`;
  if (before === undefined || before.steps.length !== steps.length) bar.start(steps.length, done, { detail });
  else bar.update(done, { detail });
}

function news(before: Rollout | undefined, now: Rollout): readonly string[] {
  const lines = now.steps.flatMap((step, i) => {
    const former = before?.steps[i];
    const isNew = former?.phase !== step.phase || former.detail !== step.detail;
    return isNew && step.phase !== 'waiting' ? [stepText(step, i, now.steps.length)] : [];
  });
  const isStopped = now.phase !== before?.phase && !['running', 'done'].includes(now.phase);
  return isStopped ? [...lines, `${now.phase}${now.reason === '' ? '' : `: ${now.reason}`}`] : lines;
}

function stepText({ text, phase, detail }: RolloutStep, index: number, count: number): string {
  return `[${index + 1}/${count}] ${text}: ${phase}${detail === '' ? '' : `, ${detail}`}`;
}

function rolloutText({ name, phase, reason, leader, started, steps }: Rollout, colours: Colours): string {
  const begun = started === undefined ? '' : `begun ${sinceText(started)} ago, `;
  const head = [
    `${colours.bold(name)}: ${phaseText(phase, colours)}${reason === '' ? '' : `, ${reason}`}`,
    `${begun}driven by ${leader === '' ? 'nobody yet' : leader}`,
  ];
  if (steps.length === 0) return head.join('\n');
  return [...head, '', ...steps.map((step, i) => stepText(step, i, steps.length))].join('\n');
}

function phaseText(phase: string, colours: Colours): string {
  if (phase === 'done') return colours.green(phase);
  return ['failed', 'paused', 'aborted', 'aborting'].includes(phase) ? colours.red(phase) : colours.yellow(phase);
}

async function readSpec(file: string): Promise<string> {
  const text = await readInput(file);
  try {
    return JSON.stringify(parse(text));
  } catch (cause) {
    throw new WeirctlError('INPUT_INVALID', `${file} is neither YAML nor JSON: ${(cause as Error).message}`, { cause });
  }
}
