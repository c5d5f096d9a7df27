import type { Check } from './check.js';
import type { TroubleFinding } from './finding.js';
import type { Host } from './host.js';
import { HostError } from './host-error.js';
import { StartError, type StartErrorCode } from './start-error.js';
import type { Subject } from './subject.js';

/** A check at the start of a daemon. @returns its warnings @throws {StartError} its first fault */
export async function requireCheck(
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
