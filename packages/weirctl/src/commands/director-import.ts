import { Command } from 'commander';
import { stringify } from 'yaml';
import { reportLosses } from '../loss-report.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';

interface ImportOptions {
  readonly directorConf?: string;
  readonly output: OutputFormat;
}

/** `weirctl director import FORWARDING_TABLE` */
export function importCommand(): Command {
  return new Command('import')
    .description(
      "GLB's tables as services of weir.yaml with the same rows; what has no place there goes to the standard error",
    )
    .argument('<forwarding_table.json>', "GLB's tables")
    .option(
      '--director-conf <file>',
      "GLB's director.conf, for the fields that are hashed; default: the source address",
    )
    .addOption(outputOption())
    .action(importTables);
}

async function importTables(file: string, { directorConf, output }: ImportOptions): Promise<void> {
  const [{ importGlb }, { lossesOfImport }, { defaultGlbHash, readGlbHash, readGlbTables }] = await Promise.all([
    import('../glb-import.js'),
    import('../glb-losses.js'),
    import('../glb-services.js'),
  ]);
  const { tables, document } = await readGlbTables(file);
  const services = importGlb(tables, directorConf === undefined ? defaultGlbHash : await readGlbHash(directorConf));
  const notCarriedOver = lossesOfImport(tables, document);
  printResult(output, { services, notCarriedOver }, () => stringify({ services }, { lineWidth: 0 }).trimEnd());
  if (output === 'text') reportLosses(notCarriedOver);
}
