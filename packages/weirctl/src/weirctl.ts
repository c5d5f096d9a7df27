import { Command } from 'commander';
import { directorCommand } from './commands/director.js';
import { importCommand } from './commands/import.js';

/** The whole command line. Commands are one file each in `commands/`; what they print goes through `output.ts`. */
export function weirctl(): Command {
  const program = new Command('weirctl')
    .description('The command line of a Weir load balancer.')
    .addHelpText(
      'after',
      `
Exit codes:
  0 done   1 failure, or no way to do what is asked   2 wrong command line   78 wrong configuration or input file`,
    )
    .exitOverride()
    .addCommand(directorCommand())
    .addCommand(importCommand());
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
