import type { Finding } from './finding.js';
import type { Host } from './host.js';
import type { Role, Subject } from './subject.js';

/** One thing that has to be right on a host. Checks change nothing. */
export interface Check {
  /** Stable, for `weirctl doctor --only`. */
  readonly name: string;
  /** What it looks at, for `--list` and docs/doctor.md. */
  readonly looksAt: string;
  /** What people see when it is wrong. */
  readonly symptom: string;
  /** What mends it, in general; a finding has the commands for the host at hand. */
  readonly cure: string;
  readonly roles: readonly Role[];
  /**
   * Looks. May take as long as a server takes not to answer.
   * @throws {HostError} where the host can't be asked: the check then counts as skipped, with that reason
   */
  examine(subject: Subject, host: Host): Promise<readonly Finding[]>;
}
