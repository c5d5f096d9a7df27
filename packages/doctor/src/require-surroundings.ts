import type { ClusterStatus, NodeConfig, NodeRecord } from '@weir/control';
import { mtu } from './checks/mtu.js';
import { takenIdentity } from './checks/node-identity.js';
import type { Host } from './host.js';
import { localHost } from './local-host.js';
import { requireCheck } from './require-check.js';
import { describeTrouble, StartError } from './start-error.js';
import type { Subject } from './subject.js';

/**
 * Of a node that knows its services: packets of every network fit the ways to its backends.
 * @returns what to warn of: ways that are too narrow for the packets of Ethernet, and wide enough to serve
 * @throws {StartError} MTU_TOO_SMALL
 */
export async function requireWidth(subject: Subject, host: Host = localHost()): Promise<readonly string[]> {
  const warnings = await requireCheck(mtu, 'MTU_TOO_SMALL', subject, host);
  return warnings.map(describeTrouble);
}

/**
 * Of a node that has heard of the others.
 * @throws {StartError} NODE_ID_TAKEN
 */
export function requireFreeIdentity(config: NodeConfig, records: readonly NodeRecord[]): void {
  const taken = takenIdentity(config, records);
  if (taken !== undefined) throw new StartError('NODE_ID_TAKEN', taken);
}

/**
 * Of a node whose services are in etcd: without an answer, without a snapshot and without services in its file it would serve
 * nothing. With either of them it runs on, and its log says what is missing.
 * @throws {StartError} ETCD_UNREACHABLE
 */
export function requireWork({ etcd, services }: NodeConfig, { source, lastError }: ClusterStatus): void {
  if (etcd === undefined || source !== 'nothing' || services.length > 0) return;
  throw new StartError('ETCD_UNREACHABLE', {
    verdict: 'fault',
    about: 'etcd',
    found: `no member answers (${lastError ?? 'all were asked'}), ${etcd.snapshotFile} has no snapshot, and the file has no services`,
    wanted: 'one of the three',
    cure: 'start etcd, or correct etcd.endpoints; "weirctl doctor --only etcd" looks at each member',
  });
}
