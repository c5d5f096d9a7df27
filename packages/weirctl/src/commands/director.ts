import { Command } from 'commander';
import { exportCommand } from './director-export.js';
import { importCommand } from './director-import.js';
import { planCommand } from './director-plan.js';
import { tablesCommand } from './director-tables.js';

/** `weirctl director`: tables of services with second chance. */
export function directorCommand(): Command {
  return new Command('director')
    .description('tables of services; of those with second chance: plan changes, come from and go to GLB')
    .addCommand(tablesCommand())
    .addCommand(planCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand());
}
