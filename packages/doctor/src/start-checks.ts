import type { ClusterStatus, NodeConfig, NodeRecord } from '@weir/control';
import type { Check } from './check.js';
import { capabilities } from './checks/capabilities.js';
import { kernelVersion } from './checks/kernel-version.js';
import { mtu } from './checks/mtu.js';
import { takenIdentity } from './checks/node-identity.js';
import type { TroubleFinding } from './finding.js';
import type { Host } from './host.js';
import { HostError } from './host-error.js';
import { localHost } from './local-host.js';
import { describeTrouble, StartError, type StartErrorCode } from './start-error.js';
import type { Subject } from './subject.js';

/**
 * Of both daemons, before they touch anything: the kernel is new enough, and the process may do what it has to.
 * @throws {StartError} KERNEL_TOO_OLD, CAPABILITY_MISSING
 */
export async function requireHost(subject: Subject, host: Host = localHost()): Promise<void> {
  await requireCheck(kernelVersion, 'KERNEL_TOO_OLD', subject, host);
  await requireCheck(capabilities, 'CAPABILITY_MISSING', subject, host);
}

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

/** @returns its warnings @throws {StartError} its first fault */
async function requireCheck(
  check: Check,
  code: StartErrorCode,
  subject: Subject,
  host: Host,
): Promise<readonly TroubleFinding[]> {
  const warnings: TroubleFinding[] = [];
  for (const finding of await findingsOf(check, subject, host)) {
    if (finding.verdict === 'fault') throw new StartError(code, finding);
    if (finding.verdict === 'warning') warnings.push(finding);
  }
  return warnings;
}

/** A host that can't be asked keeps no daemon from trying. */
async function findingsOf(check: Check, subject: Subject, host: Host) {
  try {
    return await check.examine(subject, host);
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}
