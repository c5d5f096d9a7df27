import { ownCapabilities } from './checks/capabilities.js';
import { kernelVersion } from './checks/kernel-version.js';
import type { Host } from './host.js';
import { localHost } from './local-host.js';
import { requireCheck } from './require-check.js';
import type { Subject } from './subject.js';

/**
 * Of both daemons, before they touch anything: the kernel is new enough, and the process may do what it has to.
 * @throws {StartError} KERNEL_TOO_OLD, CAPABILITY_MISSING
 */
export async function requireHost(subject: Subject, host: Host = localHost()): Promise<void> {
  await requireCheck(kernelVersion, 'KERNEL_TOO_OLD', subject, host);
  await requireCheck(ownCapabilities, 'CAPABILITY_MISSING', subject, host);
}
