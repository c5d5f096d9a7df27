import type { Check } from './check.js';
import { type Finding, type Verdict, worstVerdict } from './finding.js';
import type { Host } from './host.js';
import { HostError } from './host-error.js';
import type { Subject } from './subject.js';

/** What a check found. */
export interface Examined {
  readonly check: Check;
  /** The worst of its findings. */
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** Runs those of the checks that are for the subject's role, all at once; results in the order of the checks. */
export async function examine(checks: readonly Check[], subject: Subject, host: Host): Promise<readonly Examined[]> {
  const meant = checks.filter(({ roles }) => roles.includes(subject.role));
  return await Promise.all(
    meant.map(async (check) => {
      const findings = await findingsOf(check, subject, host);
      return { check, findings, verdict: worstVerdict(findings) };
    }),
  );
}

async function findingsOf(check: Check, subject: Subject, host: Host): Promise<readonly Finding[]> {
  try {
    return await check.examine(subject, host);
  } catch (error) {
    if (error instanceof HostError) return [{ verdict: 'skipped', found: error.message }];
    throw error;
  }
}
