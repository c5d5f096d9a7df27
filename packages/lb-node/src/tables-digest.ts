import { createHash } from 'node:crypto';
import type { NodeConfig, ServiceConfig } from '@weir/control';
import type { ForwardingTables } from '@weir/dataplane';
import { forwardingMethodOf, schedulingOf } from './forwarding-method.js';

/** Hexadecimal digits: 64 bits tell the tables of a few hundred nodes apart. */
const DIGITS = 16;

/**
 * One short text for where this node sends packets while all is well. It is the same on all nodes of one version that have
 * the same services, backends and weights in force, and does not depend on the order of services. What differs between
 * nodes by design is left out: their own addresses, ports and guard; and what each finds out for itself and comes to at its
 * own time, which is health, ejections, slow starts and pinned rows.
 * @param owners  the table of nodes that is in force; undefined: there is none
 */
export function tablesDigest(
  { services, dataplane }: Pick<NodeConfig, 'services' | 'dataplane'>,
  owners: ForwardingTables['owners'],
): string {
  const hash = createHash('sha256');
  for (const text of services.map(serviceText).sort()) hash.update(`${text}\n`);
  hash.update(String(dataplane.hashSeed));
  if (owners !== undefined) {
    const { nodes, choices, port, hashKey } = owners;
    hash.update(JSON.stringify([nodes, choices, port, Buffer.from(hashKey).toString('hex')]));
  }
  return hash.digest('hex').slice(0, DIGITS);
}

function serviceText(service: ServiceConfig): string {
  const { listeners, scheduler, tableRows, pinning, persistence, backends } = service;
  const places = backends.map(({ address, port, weight, state, isFallback }) => [
    address,
    port,
    weight,
    state,
    isFallback,
  ]);
  const how = [forwardingMethodOf(service), scheduler, schedulingText(service), tableRows, pinning, persistence];
  return JSON.stringify([listeners, how, places]);
}

/** With its key, which JSON has no form for. */
function schedulingText(service: ServiceConfig): string {
  return JSON.stringify([schedulingOf(service), service.secondChance?.hashKey]);
}
