import { Command } from 'commander';
import { exportCommand } from './director-export.js';
import { importCommand } from './director-import.js';
import { planCommand } from './director-plan.js';

/** `weirctl director`: tables of services with second chance. */
export function directorCommand(): Command {
  return new Command('director')
    .description('services with second chance: plan changes, come from and go to GLB')
    .addCommand(planCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand());
}
