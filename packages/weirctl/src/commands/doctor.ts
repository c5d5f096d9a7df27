import { Command, Option } from 'commander';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { type DoctorOptions, readSubject } from '../doctor-subject.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';
import { checkListText, examinationText, examinationValues } from '../render/doctor-text.js';
import { WeirctlError } from '../weirctl-error.js';

interface Options extends ConnectionOptions, DoctorOptions {
  readonly output: OutputFormat;
  readonly only?: readonly string[];
  readonly list?: true;
}

const several = (value: string, all: readonly string[] = []) => [...all, value];

/** `weirctl doctor` */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('what is wrong with this host, as a node or a backend, and how to mend it; changes nothing')
    .addOption(new Option('--role <role>', 'what this host is').choices(['node', 'backend']).default('node'))
    .option('-c, --config <file>', 'of a node: its configuration', '/etc/weir/weir.yaml')
    .option('-i, --interface <name>', 'of a backend: where packets from the nodes arrive')
    .option('--vip <address>', 'of a backend: may be given several times', several)
    .option('--decap <list>', 'of a backend: encapsulations as real-server has them; none for the method dr')
    .option('--only <check...>', 'only these checks')
    .option('--list', 'which checks there are')
    .addOption(outputOption())
    .action(async () => await runDoctor(command.opts<Options>()));
  return connecting(command);
}

async function runDoctor(options: Options): Promise<void> {
  // With the schemas of weir.yaml; other commands need neither.
  const { allChecks, examine, localHost } = await import('@weir/doctor');
  const checks = options.only === undefined ? allChecks : allChecks.filter(({ name }) => options.only?.includes(name));
  refuseUnknown(
    options.only ?? [],
    allChecks.map(({ name }) => name),
  );
  if (options.list === true) {
    const values = checks.map(({ name, looksAt, roles }) => ({ name, looksAt, roles }));
    printResult(options.output, values, (colours) => checkListText(checks, colours));
    return;
  }
  const examined = await examine(checks, await readSubject(options), localHost());
  printResult(options.output, examinationValues(examined), (colours) => examinationText(examined, colours));
  const faults = examined.filter(({ verdict }) => verdict === 'fault').map(({ check }) => check.name);
  if (faults.length > 0) {
    throw new WeirctlError('FAULT_FOUND', `not as it should be: ${faults.join(', ')}`, { details: { faults } });
  }
}

/** @throws {WeirctlError} CHECK_UNKNOWN */
function refuseUnknown(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new WeirctlError('CHECK_UNKNOWN', `--only: there is no check "${unknown}"; there are ${known.join(', ')}`);
}
