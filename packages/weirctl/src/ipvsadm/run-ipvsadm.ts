import { changeServices, isChange } from './change-services.js';
import type { IpvsadmCommand, Timeouts } from './ipvsadm-command.js';
import type { IpvsadmContext } from './ipvsadm-context.js';
import { IpvsadmError, refused, wrongUsage } from './ipvsadm-error.js';
import { usageText } from './ipvsadm-usage.js';
import { listConnections, listServices, saveRules } from './list-command.js';
import { parseIpvsadm } from './parse-command.js';
import { keyText, type ServiceKey } from './virtual-service.js';
import { Workspace } from './workspace.js';
import { zeroedBy } from './zeroed-counters.js';

/**
 * Does what a command line of ipvsadm asks for.
 * @throws {IpvsadmError}
 */
export async function runIpvsadm(words: readonly string[], context: IpvsadmContext): Promise<void> {
  const command = await parseIpvsadm(words, context.names);
  if (isChange(command)) return runChanges([command], context);
  switch (command.kind) {
    case 'list':
      return listServices(command, context);
    case 'list-connections':
      return listConnections(context);
    case 'list-timeouts': {
      const { established, fin, udp } = await context.balancer.timeouts();
      return context.print(`Timeout (tcp tcpfin udp): ${established} ${fin} ${udp}`);
    }
    case 'list-daemons':
      // As where none runs.
      return;
    case 'save':
      return saveRules(command.settings, context);
    case 'restore':
      return restore(context);
    case 'zero':
      return zero(command.key, context);
    case 'set-timeouts':
      return setTimeouts(command.timeouts, context);
    case 'start-daemon':
    case 'stop-daemon':
      return refused(
        `--${command.kind} ${command.state}: nodes share flows by state.store of weir.yaml (docs/connection-state.md)`,
      );
    case 'help':
      return context.print(usageText);
    case 'version':
      return context.print('weirctl ipvsadm, with the command line of ipvsadm 1.31');
  }
}

type Change = Parameters<typeof changeServices>[0];

async function runChanges(commands: readonly Change[], context: IpvsadmContext): Promise<void> {
  const isMarked = commands.some((command) => keyOf(command)?.kind === 'mark');
  const workspace = await Workspace.open(context.balancer, context.store, isMarked ? await context.marks() : undefined);
  for (const command of commands) changeServices(command, workspace);
  await workspace.commit();
}

/** All lines or none: what one of them can't do changes nothing. */
async function restore(context: IpvsadmContext): Promise<void> {
  const lines = (await context.readInput()).split('\n');
  const isMarked = lines.some((line) => /\s(?:-f|--fwmark-service)\b/.test(line));
  const marks = isMarked ? await context.marks() : undefined;
  const workspace = await Workspace.open(context.balancer, context.store, marks);
  for (const [index, line] of lines.entries()) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words[0]?.endsWith('ipvsadm')) words.shift();
    if (words.length === 0 || words[0]?.startsWith('#')) continue;
    try {
      changeServices(changeOf(await parseIpvsadm(words, context.names)), workspace);
    } catch (cause) {
      if (!(cause instanceof IpvsadmError)) throw cause;
      const message = `line ${index + 1}, "${words.join(' ')}": ${cause.message}; nothing was changed`;
      throw new IpvsadmError(cause.code, message, { cause });
    }
  }
  await workspace.commit();
}

function keyOf(command: Change): ServiceKey | undefined {
  if (command.kind === 'clear') return undefined;
  return 'service' in command ? command.service.key : command.key;
}

function changeOf(command: IpvsadmCommand): Change {
  return isChange(command) ? command : wrongUsage('-R reads lines that change services, -A -E -D -C -a -e -d');
}

async function zero(key: ServiceKey | undefined, { balancer, store }: IpvsadmContext): Promise<void> {
  const remembered = await store.read();
  const counters = await balancer.counters();
  const names = key === undefined ? undefined : [await nameOf(key, { balancer, store })];
  await store.write({ ...remembered, zeroed: zeroedBy(counters, names, remembered.zeroed) });
}

async function nameOf(
  key: ServiceKey,
  { balancer, store }: Pick<IpvsadmContext, 'balancer' | 'store'>,
): Promise<string> {
  const found = (await Workspace.open(balancer, store)).find(key) ?? refused(`No such service: ${keyText(key)}`);
  return found.kind === 'service' ? found.service.name : '';
}

/** 0 leaves one as it is. */
async function setTimeouts({ tcp, tcpFin, udp }: Timeouts, { balancer }: IpvsadmContext): Promise<void> {
  const wanted = Object.entries({ established: tcp, fin: tcpFin, udp }).filter(([, seconds]) => seconds > 0);
  if (wanted.length > 0) await balancer.setTimeouts(Object.fromEntries(wanted));
}
