import { glbServices } from './glb-services.js';
import type { PlanService } from './plan-service.js';
import { weirServices } from './weir-services.js';
import { WeirctlError } from './weirctl-error.js';

/**
 * The service of that name from a weir.yaml or, where the file's name ends in .json, from GLB's forwarding table.
 * @param name  undefined: the only one that there is
 * @throws {WeirctlError} INPUT_UNREADABLE, SERVICE_UNKNOWN, SERVICE_AMBIGUOUS
 * @throws InvalidConfigError, DirectorError from what is wrong in the file
 */
export async function planService(file: string, name: string | undefined): Promise<PlanService> {
  const services = file.endsWith('.json') ? await glbServices(file) : await weirServices(file);
  const names = services.map((service) => service.name);
  const found = name === undefined ? services : services.filter((service) => service.name === name);
  const [service] = found;
  if (service !== undefined && found.length === 1) return service;
  if (service !== undefined) {
    const reason =
      name === undefined
        ? `has several services with second chance; pick one with --service: ${names.join(', ')}`
        : `has ${found.length} services called "${name}"; give them distinct names`;
    throw new WeirctlError('SERVICE_AMBIGUOUS', `${file} ${reason}`, { details: { file, names } });
  }
  const known = names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`;
  const which = name === undefined ? 'no service with second chance' : `no service "${name}" with second chance`;
  throw new WeirctlError('SERVICE_UNKNOWN', `${file} has ${which}; ${known}`, { details: { file, name, names } });
}

/**
 * Refuses two descriptions of a service between which no order of steps keeps connections, since all rows change at once.
 * @throws {WeirctlError} FILES_DIFFER
 */
export function checkSameTable(
  [currentFile, current]: readonly [string, PlanService],
  [wantedFile, wanted]: readonly [string, PlanService],
): void {
  const difference = differenceOf(current, wanted);
  if (difference === undefined) return;
  const { what, before, after, advice } = difference;
  throw new WeirctlError(
    'FILES_DIFFER',
    `service "${current.name}": the ${what} ${before} in ${currentFile} and ${after} in ${wantedFile}; ${advice}`,
    { details: { service: current.name, what, files: [currentFile, wantedFile] } },
  );
}

interface Difference {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly advice: string;
}

function differenceOf(current: PlanService, wanted: PlanService): Difference | undefined {
  // Secrets are not shown.
  const [before, after] = ['is one', 'another'];
  if (!isEqual(current.seed, wanted.seed)) {
    return { what: 'seed', before, after, advice: 'every row would have other members; keep the seed' };
  }
  if (!isEqual(current.hashKey, wanted.hashKey)) {
    return { what: 'hash key', before, after, advice: 'every packet would have another row; keep the key' };
  }
  if (current.fields.join() !== wanted.fields.join()) {
    return {
      what: 'hash fields',
      before: `are ${current.fields.join(', ')}`,
      after: wanted.fields.join(', '),
      advice: 'packets would have other rows; change the fields alone, with the old ones as alternative fields',
    };
  }
  if (current.choices !== wanted.choices) {
    return {
      what: 'number of choices',
      before: `is ${current.choices}`,
      after: `${wanted.choices}`,
      advice: 'change it alone, while all members are active and healthy, and plan the members before or after',
    };
  }
  return undefined;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
