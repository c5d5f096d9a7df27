import type { Check } from './check.js';
import { troublesOf } from './finding.js';
import type { Host } from './host.js';
import { HostError } from './host-error.js';
import { StartError, type StartErrorCode } from './start-error.js';
import type { Subject } from './subject.js';

type Asked = Pick<Check, 'examine'>;

/** A check at the start of a daemon. @throws {StartError} its first fault */
export async function requireCheck(check: Asked, code: StartErrorCode, subject: Subject, host: Host): Promise<void> {
  const [fault] = troublesOf(await findingsOf(check, subject, host), 'fault');
  if (fault !== undefined) throw new StartError(code, fault);
}

/** A host that can't be asked keeps no daemon from trying. */
async function findingsOf(check: Asked, subject: Subject, host: Host) {
  try {
    return await check.examine(subject, host);
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}
