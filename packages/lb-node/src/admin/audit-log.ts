import { appendFileSync } from 'node:fs';
import type { Logger } from '@weir/daemon';
import type { AuditedChange } from './caller.js';
import { redacted } from './redact.js';

/** One change, or one attempt. */
export interface AuditRecord extends Partial<Omit<AuditedChange, 'isIncomplete'>> {
  readonly caller: string;
  /** Absent: it has none. */
  readonly role: string | undefined;
  /** Address of the client. */
  readonly from: string;
  /** `/weir.admin.v1.Services/ApplyService`. */
  readonly method: string;
  /** `OK`, `INCOMPLETE` of a change that was cut short, or the status that the caller got. */
  readonly outcome: string;
  /** Of a call that did not succeed: what was asked for, and why it was refused. Both are cut when they are long. */
  readonly request?: unknown;
  readonly message?: string;
}

/** Who may read the file. */
const MODE = 0o640;

/** Characters of a value, as JSON. A call has up to 4 MiB, which would fill the disk and hold up other calls. */
const VALUE_LENGTH_MAX = 4096;

/**
 * Tells each write of the API, in JSON: to the log, whatever its level, and to a file where one is configured. The file is
 * opened for each record, so that it may be moved away at any time.
 */
export class AuditLog {
  readonly #logger: Logger;
  /** Absolute path; undefined: the log alone. */
  file: string | undefined;

  constructor(logger: Logger, file: string | undefined) {
    this.#logger = logger.child({ event: 'audit' }, { level: 'info' });
    this.file = file;
  }

  write(record: AuditRecord): void {
    const plain = shortened(redacted(record) as AuditRecord);
    const { method, outcome, target = '' } = plain;
    this.#logger.info({ audit: plain }, `${plain.caller}: ${method} ${target}: ${outcome}`);
    if (this.file === undefined) return;
    try {
      appendFileSync(this.file, `${JSON.stringify({ time: new Date(), ...plain })}\n`, { mode: MODE });
    } catch (err) {
      this.#logger.error({ err, file: this.file }, `the audit log can't be written to ${this.file}; it is in this log`);
    }
  }
}

/** Only what a caller chose: `before` and `after` are what this node had and has. */
function shortened(record: AuditRecord): AuditRecord {
  const { target, request, message } = record;
  return {
    ...record,
    ...(target === undefined ? {} : { target: cut(target) as string }),
    ...(request === undefined ? {} : { request: cut(request) }),
    ...(message === undefined ? {} : { message: cut(message) as string }),
  };
}

/** The value, or the beginning of its text. */
function cut(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= VALUE_LENGTH_MAX) return value;
  return `${text.slice(0, VALUE_LENGTH_MAX)}… (cut: ${text.length} characters)`;
}
