import type { ClusterStatus, NodeConfig, NodeRecord } from '@weir/control';
import { type Widths, widthsOf } from './checks/mtu.js';
import { takenIdentity } from './checks/node-identity.js';
import { troublesOf } from './finding.js';
import type { Host } from './host.js';
import { HostError } from './host-error.js';
import { localHost } from './local-host.js';
import { describeTrouble, StartError } from './start-error.js';
import type { NodeSubject } from './subject.js';

/** Ways to backends that a node starts with all the same, in lines for its log. */
export interface NarrowWays {
  /** Even packets of 1280 bytes do not fit. */
  readonly faults: readonly string[];
  /** Wide enough to serve, too narrow for the packets of Ethernet. */
  readonly warnings: readonly string[];
}

/**
 * Of a node that knows its services: packets of every network fit at least one of the ways to its backends. A way that is too
 * narrow beside others that are not keeps no node from serving the others.
 * @throws {StartError} MTU_TOO_SMALL
 */
export async function requireWidth(subject: NodeSubject, host: Host = localHost()): Promise<NarrowWays> {
  const { findings, fitNowhere } = await widthsOf(subject, host).catch(nothingKnown);
  const faults = troublesOf(findings, 'fault');
  const [first] = faults;
  if (fitNowhere && first !== undefined) throw new StartError('MTU_TOO_SMALL', first);
  const warnings = troublesOf(findings, 'warning');
  return { faults: faults.map(describeTrouble), warnings: warnings.map(describeTrouble) };
}

/** A host that can't be asked keeps no daemon from trying. */
function nothingKnown(error: unknown): Widths {
  if (error instanceof HostError) return { findings: [], fitNowhere: false };
  throw error;
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
