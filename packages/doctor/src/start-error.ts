import { WeirError } from '@weir/errors';
import type { TroubleFinding } from './finding.js';

export type StartErrorCode =
  | 'KERNEL_TOO_OLD'
  | 'CAPABILITY_MISSING'
  | 'MTU_TOO_SMALL'
  | 'NODE_ID_TAKEN'
  | 'ETCD_UNREACHABLE';

/** A daemon does not start on this host as it is; the message says what would have to be different, and how to get there. */
export class StartError extends WeirError {
  declare readonly code: StartErrorCode;

  constructor(code: StartErrorCode, finding: TroubleFinding) {
    super(code, describeTrouble(finding), { details: { ...finding } });
  }
}

/** In one line: what it is about, what was found, what was expected, what to do. */
export function describeTrouble({ about, found, wanted, cure, commands = [] }: TroubleFinding): string {
  const subject = about === undefined ? '' : `${about}: `;
  const how = commands.length === 0 ? '' : ` (${commands.join(' && ')})`;
  return `${subject}${found}; expected ${wanted}: ${cure}${how}`;
}
