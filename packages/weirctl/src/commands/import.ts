import { Command } from 'commander';
import type { Loss } from '../glb-losses.js';
import { readInput } from '../input-file.js';
import { parseFirewallMarks } from '../ipvsadm/firewall-marks.js';
import { type ImportedSections, importDocument } from '../ipvsadm/import-document.js';
import { systemNames } from '../ipvsadm/name-lookup.js';
import { reportLosses } from '../loss-report.js';
import { replaceFile } from '../replace-file.js';

interface ImportOptions {
  readonly output?: string;
  readonly iptables?: string;
}

interface KeepalivedOptions extends ImportOptions {
  readonly configId?: string;
}

/** `weirctl import`: configurations of LVS as weir.yaml. */
export function importCommand(): Command {
  const import_ = new Command('import').description(
    'rules of ipvsadm and configurations of keepalived as a weir.yaml; what has no place there goes to the standard error and to its head',
  );
  const common = (command: Command): Command =>
    command
      .option(
        '-o, --output <file>',
        'where the weir.yaml goes, which is replaced at once; default: the standard output',
      )
      .option(
        '--iptables <file>',
        'output of iptables-save, which says what packets have the marks of fwmark services',
      );
  return import_
    .addCommand(
      common(new Command('ipvsadm'))
        .description('what "ipvsadm -S -n" printed')
        .argument('<rules>', 'the file with its output')
        .action(importIpvsadmFile),
    )
    .addCommand(
      common(new Command('keepalived'))
        .description('virtual servers, their checks and VRRP of a keepalived.conf')
        .argument('<keepalived.conf>', 'the configuration; files that it includes are read too')
        .option('-i, --config-id <name>', 'as keepalived -i: which lines that begin with @ count')
        .action(importKeepalivedFile),
    );
}

async function importIpvsadmFile(file: string, options: ImportOptions): Promise<void> {
  const { importRules } = await import('../ipvsadm/import-rules.js');
  const losses: Loss[] = [];
  const marks = await readMarks(options, losses);
  const imported = await importRules(await readInput(file), marks, systemNames);
  await write(file, { services: imported.services }, [...losses, ...imported.losses], options);
}

async function importKeepalivedFile(file: string, options: KeepalivedOptions): Promise<void> {
  const { importKeepalived } = await import('../keepalived/import-keepalived.js');
  const losses: Loss[] = [];
  const marks = await readMarks(options, losses);
  const imported = await importKeepalived(file, { configId: options.configId, marks });
  await write(file, imported.sections, [...losses, ...imported.losses], options);
}

async function readMarks({ iptables }: ImportOptions, losses: Loss[]) {
  if (iptables === undefined) return new Map();
  const text = await readInput(iptables);
  return parseFirewallMarks(text, iptables, (path, message) => losses.push({ path, message }));
}

async function write(
  source: string,
  sections: ImportedSections,
  losses: readonly Loss[],
  { output }: ImportOptions,
): Promise<void> {
  const inOrder = losses.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
  const text = importDocument(source, sections, inOrder);
  if (output === undefined) process.stdout.write(text);
  else await replaceFile(output, Buffer.from(text));
  reportLosses(inOrder);
}
