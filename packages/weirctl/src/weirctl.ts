import { Command } from 'commander';
import { applyCommand, deleteCommand, diffCommand } from './commands/apply.js';
import { backendsCommand } from './commands/backends.js';
import { bgpCommand } from './commands/bgp.js';
import { captureCommand } from './commands/capture.js';
import { completeCommand, completionCommand } from './commands/completion.js';
import { configCommand, logLevelCommand } from './commands/config.js';
import { directorCommand } from './commands/director.js';
import { doctorCommand } from './commands/doctor.js';
import { drainCommand, undrainCommand, weightCommand } from './commands/drain.js';
import { flowsCommand } from './commands/flows.js';
import { healthCommand } from './commands/health.js';
import { importCommand } from './commands/import.js';
import { ipvsadmCommand } from './commands/ipvsadm.js';
import { nodesCommand } from './commands/nodes.js';
import { rolloutCommand } from './commands/rollout.js';
import { servicesCommand } from './commands/services.js';
import { statusCommand } from './commands/status.js';
import { topCommand } from './commands/top.js';
import { traceCommand } from './commands/trace.js';
import { versionCommand } from './commands/version.js';

/** The whole command line. Commands are one file each in `commands/`; what they print goes through `output.ts`. */
export function weirctl(): Command {
  const program = new Command('weirctl')
    .description('The command line of a Weir load balancer.')
    .addHelpText(
      'after',
      `
Examples:
  weirctl status                                        this node at a glance
  weirctl backends web --watch                          health and connections as they change
  weirctl trace 203.0.113.7:40000 198.51.100.1:443/tcp  what happens to a packet, and why
  weirctl apply -f services.yaml --dry-run              what a file would change

Exit codes:
  0 done   1 failure, or no way to do what is asked; of diff: there is a difference; of doctor: a fault   2 wrong command line
  69 the node does not answer   77 not allowed   78 wrong configuration, input file or request
  130 Ctrl-C before it was done`,
    )
    .exitOverride();
  const groups: readonly (readonly [string, readonly Command[]])[] = [
    [
      'Look:',
      [
        statusCommand(),
        healthCommand(),
        servicesCommand(),
        backendsCommand(),
        nodesCommand(),
        bgpCommand(),
        flowsCommand(),
        topCommand(),
        traceCommand(),
        captureCommand(),
        doctorCommand(),
      ],
    ],
    [
      'Change:',
      [
        applyCommand(),
        diffCommand(),
        deleteCommand(),
        drainCommand(),
        undrainCommand(),
        weightCommand(),
        rolloutCommand(),
      ],
    ],
    ['Files:', [configCommand(), directorCommand(), importCommand()]],
    ['Beside:', [ipvsadmCommand(), logLevelCommand(), completionCommand(), versionCommand()]],
  ];
  for (const [group, commands] of groups) {
    for (const command of commands) program.addCommand(command.helpGroup(group));
  }
  program.addCommand(completeCommand(weirctl), { hidden: true });
  inherit(program);
  return program;
}

/** Commands that were made elsewhere do not by themselves end and complain as the program does. */
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}
