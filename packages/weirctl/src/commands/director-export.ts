import { Command } from 'commander';
import { reportLosses } from '../loss-report.js';
import { replaceFile } from '../replace-file.js';
import { WeirctlError } from '../weirctl-error.js';

/** `weirctl director export WEIR_YAML TABLE` */
export function exportCommand(): Command {
  return new Command('export')
    .description("services with second chance as the binary table that GLB's director loads")
    .argument('<weir.yaml>', 'the configuration')
    .argument('<table>', 'the file to write, such as /etc/glb/forwarding_table.bin; it is replaced at once')
    .action(exportTables);
}

async function exportTables(config: string, tableFile: string): Promise<void> {
  const [{ buildGlbTableFile }, { exportGlb }, { readChanceServices }] = await Promise.all([
    import('@weir/director'),
    import('../glb-export.js'),
    import('../weir-services.js'),
  ]);
  const services = await readChanceServices(config);
  if (services.length === 0) {
    const message = `${config} has no service with secondChance, and GLB's tables are of such; give one secondChance: {}`;
    throw new WeirctlError('NOTHING_TO_EXPORT', message, { details: { file: config } });
  }
  const { tables, losses } = exportGlb(services);
  const bytes = await buildGlbTableFile(tables);
  await replaceFile(tableFile, bytes);
  const names = services.map(({ name }) => name).join(', ');
  process.stdout.write(
    `${tableFile}: ${tables.length === 1 ? 'the table' : `${tables.length} tables`} of ${names}, ${bytes.byteLength} bytes\n`,
  );
  reportLosses(losses);
}
