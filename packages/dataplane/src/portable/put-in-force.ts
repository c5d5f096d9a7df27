import { addressToBytes, canonicalAddress } from '@weir/packet';
import type { AppliedChanges, ForwardingBackend, ForwardingService, ServiceKey } from '../dataplane.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { configureBackend } from './backend.js';
import type { Backend } from './service.js';
import { newService, type Service } from './service.js';

/** Services that go on keep their backends with what is counted for them; those that are gone are told of it. */
export function putInForce(
  current: readonly Service[],
  wanted: readonly ForwardingService[],
): { readonly services: readonly Service[]; readonly changes: AppliedChanges } {
  const before = new Map(current.map((service) => [identityOf(service.key), service]));
  const tally = { backendsAdded: 0, backendsRemoved: 0, rowsMoved: 0, rowsWritten: 0 };
  const services = wanted.map((tables) => {
    const identity = identityOf(tables.listeners[0]);
    const known = before.get(identity);
    before.delete(identity);
    const service = known ?? newService(tables);
    configure(service, tables, known !== undefined, tally);
    return service;
  });
  const gone = [...before.values()];
  for (const { backends } of gone) tally.backendsRemoved += retire(backends);
  const servicesAdded = services.length - (current.length - gone.length);
  return { services, changes: { servicesAdded, servicesRemoved: gone.length, ...tally } };
}

type Tally = Pick<
  { -readonly [K in keyof AppliedChanges]: number },
  'backendsAdded' | 'backendsRemoved' | 'rowsMoved' | 'rowsWritten'
>;

function configure(service: Service, tables: ForwardingService, isKnown: boolean, tally: Tally): void {
  const gone = new Map(
    service.backends.map((backend) => [backendIdentity(backend.name, backend.port, service.forwarding), backend]),
  );
  const backends = tables.backends.map((wanted) => {
    const identity = backendIdentity(canonicalAddress(wanted.address), wanted.port ?? 0, tables.forwarding);
    const known = gone.get(identity);
    gone.delete(identity);
    if (known === undefined) tally.backendsAdded++;
    const backend = known ?? newBackend(service, wanted);
    configureBackend(backend, wanted);
    return backend;
  });
  const rows = Array.from(tables.rows, (index) => backends[index]);
  const moved = rows.filter((backend, row) => backend !== service.rows[row]).length;
  const cut = Math.max(0, service.rows.length - rows.length);
  if (isKnown) tally.rowsMoved += moved + cut;
  if (moved + cut > 0) tally.rowsWritten += rows.length;

  tally.backendsRemoved += retire([...gone.values()]);
  for (const { packets, bytes, newFlows } of gone.values()) {
    service.retired.packets += packets;
    service.retired.bytes += bytes;
    service.retired.newFlows += newFlows;
  }
  service.forwarding = tables.forwarding;
  service.scheduling = tables.scheduling;
  service.backends = backends;
  service.rows = rows;
  service.keptRows = new Set(Array.from(tables.keptRows ?? []));
  service.persistence = tables.persistence;
  service.mssClamp = tables.mssClamp ?? 0;
  service.watched = tables.watched ?? false;
}

/** A backend that is gone has no flows: what would still find one of them takes it for unknown. */
function retire(backends: readonly Backend[]): number {
  for (const backend of backends) backend.inForce = false;
  return backends.length;
}

function newBackend(service: Service, { address, port = 0 }: ForwardingBackend): Backend {
  return {
    service,
    name: canonicalAddress(address),
    address: addressToBytes(address),
    port,
    weight: 0,
    upperConnections: 0,
    lowerConnections: 0,
    activeConnections: 0,
    inactiveConnections: 0,
    newFlows: 0,
    overloaded: false,
    packets: 0,
    bytes: 0,
    inForce: true,
    attempts: { tried: 0, unanswered: 0, refused: 0 },
  };
}

/** The first listener names a service. */
function identityOf(key: ServiceKey | undefined): string {
  return JSON.stringify([key && canonicalAddress(key.vip), key?.protocol, key?.port]);
}

/** Under another method it is another backend: a flow that was translated can't go on through a tunnel. */
function backendIdentity(name: string, port: number, forwarding: ForwardingMethod): string {
  return JSON.stringify([name, port, forwarding]);
}
