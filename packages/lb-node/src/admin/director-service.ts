import { createHash } from 'node:crypto';
import {
  DirectorService,
  type PlanChangeResponse,
  type PlannedBackend,
  type PlannedMember,
  type Table,
} from '@weir/admin-api';
import type { BackendConfig, NodeConfig, ServiceConfig } from '@weir/control';
import type { Dataplane, TableInForce } from '@weir/dataplane';
import { CHOICE_ROWS } from '@weir/director';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { ChoiceTables } from '../choice-tables.js';
import { serviceIdOf } from '../forwarding-tables.js';
import { memberId } from '../member-id.js';
import { serviceRows } from '../service-rows.js';
import { failedPrecondition, notFound } from './admin-error.js';
import { FieldChecks } from './field-checks.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';

/** What the service takes. */
export interface DirectorParts {
  readonly dataplane: Pick<Dataplane, 'tablesInForce'>;
  readonly config: () => NodeConfig;
}

type Member = Pick<BackendConfig, 'name' | 'address' | 'port' | 'weight' | 'state'>;

const states = ['filling', 'active', 'draining', 'inactive'] as const;
const WEIGHT_MAX = 65_535;
/** Schedulers whose rows are places of a hash, or a sequence of weights; the others have no shares to plan with. */
const tableSchedulers: readonly ServiceConfig['scheduler'][] = ['mh', 'sh', 'dh', 'rendezvous', 'wrr'];

/** weir.admin.v1.Director. */
export function directorService({ dataplane, config }: DirectorParts): ServiceMethods {
  const serviceNamed = (name: string): ServiceConfig => {
    const service = config().services.find((one) => one.name === name);
    if (service === undefined) throw notFound(`service ${name}`);
    return service;
  };
  return serviceMethods(DirectorService, {
    listTables: {
      role: 'viewer',
      async unary({ service: wanted }) {
        const services = wanted === '' ? config().services : [serviceNamed(wanted)];
        const inForce = dataplane.tablesInForce();
        return {
          tables: services.flatMap((service) => {
            const table = inForce.get(serviceIdOf(service));
            return table === undefined ? [] : [tableMessage(service, table)];
          }),
        };
      },
    },
    planChange: {
      role: 'viewer',
      async unary({ service: name, backends }) {
        const service = serviceNamed(name);
        checkBackends(backends);
        if (service.secondChance === undefined && !tableSchedulers.includes(service.scheduler)) {
          throw failedPrecondition(
            'NO_TABLE',
            `service ${name} is scheduled by ${service.scheduler}, which has no table of rows; only ${tableSchedulers.join(', ')} and second chance do`,
          );
        }
        const before = service.backends.filter(({ isFallback }) => isFallback !== true);
        const after = backends.map(plannedMember);
        return comparison(await firstMembers(service, before), await firstMembers(service, after));
      },
    },
  });
}

function tableMessage({ name, scheduler, secondChance }: ServiceConfig, table: TableInForce): Table {
  const choices = secondChance === undefined ? 1 : table.rows.length / CHOICE_ROWS;
  const places = Array.from({ length: Math.min(choices, 2) }, () => new Uint32Array(table.backends.length));
  for (const [i, index] of table.rows.entries()) {
    const counts = index < 0 ? undefined : places[i % choices];
    if (counts !== undefined) counts[index] = (counts[index] as number) + 1;
  }
  return {
    service: name,
    scheduler: secondChance === undefined ? scheduler : 'second chance',
    rows: table.rows.length / choices,
    choices,
    members: table.backends.map(({ address, port }, i) => ({
      address,
      port,
      firstRows: places[0]?.[i] ?? 0,
      secondRows: places[1]?.[i] ?? 0,
    })),
    keptRows: table.keptRows.length,
    digest: digestOf(table),
  };
}

/** The order in which a node has its backends does not count. */
function digestOf({ backends, rows }: TableInForce): string {
  const names = backends.map(({ address, port }) => `${address} ${port}`);
  const order = [...names].sort();
  const rankOf = new Map(order.map((name, rank) => [name, rank]));
  const ranks = names.map((name) => rankOf.get(name) as number);
  const ranked = rows.map((index) => (index < 0 ? -1 : (ranks[index] as number)));
  return createHash('sha256').update(order.join()).update(ranked).digest('hex').slice(0, 16);
}

/** Who comes first in each row, as address and port. */
async function firstMembers(service: ServiceConfig, backends: readonly Member[]): Promise<readonly string[]> {
  const names = backends.map(({ address, port = 0 }) => `${address} ${port}`);
  if (service.secondChance !== undefined) {
    const tables = new ChoiceTables();
    await tables.prepare([{ name: service.name, secondChance: service.secondChance, backends }]);
    const rows = tables.rowsOf(service);
    const choices = rows.length / CHOICE_ROWS;
    return Array.from({ length: CHOICE_ROWS }, (_, row) => names[rows[row * choices] as number] ?? '');
  }
  const members = backends.map((backend) => ({ id: memberId(backend), weight: backend.weight }));
  const rows = serviceRows({ scheduler: service.scheduler, tableRows: service.tableRows, members });
  return Array.from(rows, (index) => names[index] ?? '');
}

function comparison(before: readonly string[], after: readonly string[]): PlanChangeResponse {
  const counts = new Map<string, [number, number]>();
  const count = (name: string, place: 0 | 1) => {
    const both = counts.get(name) ?? [0, 0];
    both[place]++;
    counts.set(name, both);
  };
  for (const name of before) count(name, 0);
  for (const name of after) count(name, 1);
  const members: PlannedMember[] = [...counts]
    .filter(([name]) => name !== '')
    .map(([name, [rowsBefore, rowsAfter]]) => {
      const [address = '', port] = name.split(' ');
      return { address, port: Number(port), rowsBefore, rowsAfter };
    });
  return {
    rows: after.length,
    rowsMoved: after.filter((name, row) => name !== before[row]).length,
    rowsMovedAtLeast: members.reduce((sum, one) => sum + Math.max(0, one.rowsAfter - one.rowsBefore), 0),
    members,
  };
}

function plannedMember({ address, port, weight, state }: PlannedBackend): Member {
  const canonical = canonicalAddress(address);
  return {
    name: canonical,
    address: canonical,
    weight,
    ...(port === 0 ? {} : { port }),
    ...(state === '' ? {} : { state: state as NonNullable<Member['state']> }),
  };
}

/** @throws {AdminError} INVALID_ARGUMENT */
function checkBackends(backends: readonly PlannedBackend[]): void {
  const checks = new FieldChecks();
  checks.check('backends', backends.length > 0, 'names no backend');
  const seen = new Set<string>();
  for (const [i, { address, port, weight, state }] of backends.entries()) {
    const field = `backends[${i}]`;
    const check = (key: string, isRight: boolean, description: string) =>
      checks.check(`${field}.${key}`, isRight, description);
    check('address', isIpAddress(address), `"${address}" is not an IP address`);
    check('port', port <= 65_535, `${port} is not a port, 0 to 65535`);
    check('weight', weight <= WEIGHT_MAX, `${weight} is not a weight, 0 to ${WEIGHT_MAX}`);
    check(
      'state',
      state === '' || states.some((known) => known === state),
      `"${state}" is none of ${states.join(', ')}`,
    );
    const key = `${isIpAddress(address) ? canonicalAddress(address) : address} ${port}`;
    check('address', !seen.has(key), `"${address}" with port ${port} is there twice`);
    seen.add(key);
  }
  checks.refuse();
}
