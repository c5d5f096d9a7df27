/** What a caller may do. Each may what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;

/**
 * - viewer: reads
 * - operator: drains, sets weights, overrides announcements, drives rollouts, terminates flows, captures packets
 * - admin: applies and deletes services, sets the log level
 */
export type Role = (typeof ROLES)[number];

/** Whether a role is enough where another one is needed. */
export function isAllowed(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What a write did, for the audit log. Secrets are left out of it by the log. */
export interface AuditedChange {
  /** What was changed, such as `service web` or `vip 198.51.100.1`. */
  readonly target: string;
  /** As it was; undefined: it was not there. */
  readonly before?: unknown;
  /** As it is now; undefined: it is not there any more. */
  readonly after?: unknown;
  /** The call ended before all of it was done. */
  readonly isIncomplete?: boolean;
}

/** Who makes a call. */
export interface Caller {
  /** `unix socket`, or subject and address of the client's certificate. */
  readonly name: string;
  readonly role: Role;
  /** Aborted when the client is gone, the call's deadline has passed, or the server closes. */
  readonly signal: AbortSignal;
  /** Of a method that writes: tells the audit log what it did. Call it once for each thing that changes. */
  audit(change: AuditedChange): void;
}
