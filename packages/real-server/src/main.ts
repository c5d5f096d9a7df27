#!/usr/bin/env node
import { createLogger, ExitCode, exitCodeOf } from '@weir/daemon';
import { Command, CommanderError } from 'commander';
import { parseAgentOptions, type RawOptions } from './agent-options.js';
import { counterNames, type DecapsulationCounts, readDecapsulationCounts } from './decapsulation.js';
import { leave } from './leave.js';
import { addRegisterCommand } from './register-command.js';
import { runAgent } from './run-agent.js';
import { VERSION } from './version.js';

const PIN_DIRECTORY = '/sys/fs/bpf/weir-real-server';

const exitCodes = {
  ARGUMENT_INVALID: ExitCode.usage,
  CAPABILITY_MISSING: ExitCode.noPermission,
  KERNEL_TOO_OLD: ExitCode.unavailable,
  BPF_NOT_PERMITTED: ExitCode.noPermission,
  SETTING_REFUSED: ExitCode.noPermission,
  NOT_RUNNING: ExitCode.unavailable,
  CGROUP_UNUSABLE: ExitCode.unavailable,
  IP_COMMAND_FAILED: ExitCode.unavailable,
  BPF_FILESYSTEM: ExitCode.unavailable,
  BPF_LIBRARY_MISSING: ExitCode.unavailable,
  BPF_OBJECT_MISSING: ExitCode.unavailable,
  BPF_LOAD_REFUSED: ExitCode.unavailable,
  INTERFACE_MISSING: ExitCode.unavailable,
  XDP_BUSY: ExitCode.unavailable,
  XDP_ATTACH_REFUSED: ExitCode.unavailable,
} as const;

const NAME_WIDTH = Math.max(...counterNames.map((name) => name.length));

function countLines(counts: DecapsulationCounts): readonly string[] {
  return counterNames.map((name) => `${name.padEnd(NAME_WIDTH)} ${String(counts[name]).padStart(15)}`);
}

const several = (value: string, all: readonly string[]) => [...all, value];

const program = new Command('real-server')
  .version(VERSION)
  .description("The agent of a Weir backend: VIPs on lo, no ARP for them, packets out of the nodes' tunnels.")
  .exitOverride();

program
  .command('run', { isDefault: true })
  .description('be a backend until SIGTERM (the default)')
  .requiredOption('-i, --interface <name>', 'where packets from the nodes arrive')
  .option('--vip <address>', 'a virtual IP address; may be given several times', several, [])
  .option(
    '--decap <list>',
    'encapsulations to take off: ipip, gre, gue, fou, second_chance; or none, for the method dr',
    'ipip,gue',
  )
  .option('--gue-port <port>', 'UDP port of gue', '6080')
  .option('--fou-port <port>', 'UDP port of fou, gue without a header', '5555')
  .option('--second-chance-port <port>', 'UDP port of second_chance, gue with a list of hops', '19523')
  .option(
    '--peer <network>',
    'of nodes and fellow backends, for second_chance; may be given several times',
    several,
    [],
  )
  .option('--toa', 'tell servers behind fullnat who their clients are', false)
  .option('--toa-from <network>', "of the nodes' local addresses; may be given several times", several, [])
  .option('--cgroup <path>', 'cgroup of the servers that --toa is for; default the root, of all')
  .option('--mode <mode>', 'XDP mode: auto, native, generic', 'auto')
  .option('--pin-directory <path>', 'on a BPF file system', PIN_DIRECTORY)
  .option('--keep', 'leave everything in place at the end', false)
  .option('--check', 'only check the command line', false)
  .option('--log-level <level>', 'trace, debug, info, warn, error, fatal', 'info')
  .option('--log-format <format>', 'json, pretty', 'json')
  .action(async (raw: RawOptions & { check: boolean }) => {
    const options = parseAgentOptions(raw);
    if (!raw.check) await runAgent(options);
  });

program
  .command('counters')
  .description('packets that were decapsulated, left alone or dropped, also after an agent that was told to --keep')
  .option('--pin-directory <path>', 'of the agent', PIN_DIRECTORY)
  .option('--json', 'one object', false)
  .action(({ pinDirectory, json }: { pinDirectory: string; json: boolean }) => {
    const counts = readDecapsulationCounts(pinDirectory);
    const lines = json ? [JSON.stringify(counts)] : countLines(counts);
    process.stdout.write(`${lines.join('\n')}\n`);
  });

program
  .command('leave')
  .description('take back what an agent did that has ended and was told to --keep it, or was killed')
  .option('--pin-directory <path>', 'of the agent', PIN_DIRECTORY)
  .action(async ({ pinDirectory }: { pinDirectory: string }) => {
    const left = await leave(pinDirectory, createLogger('real-server', { level: 'info', format: 'json' }));
    process.stdout.write(left ? 'taken back\n' : `nothing to take back: nothing is pinned in ${pinDirectory}\n`);
  });

addRegisterCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  } else {
    process.stderr.write(`real-server: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodeOf(error, exitCodes);
  }
}
