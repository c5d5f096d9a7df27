import type { Metadata, status } from '@grpc/grpc-js';
import { encodeDetails } from '@weir/admin-api';
import type { AdminError } from './admin-error.js';

/** How much of a message goes into a header; clients refuse larger ones. */
const MESSAGE_CHARACTERS_MAX = 2_000;
/** Each violation costs bytes of a header, too. */
const VIOLATIONS_MAX = 20;

/** What gRPC sends as the end of a call. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function statusOf({ status: code, code: reason, message, violations }: AdminError): CallStatus {
  const details = shortened(message);
  const fieldViolations = violations
    .slice(0, VIOLATIONS_MAX)
    .map(({ field, description }) => ({ field: field.slice(0, 200), description: description.slice(0, 200) }));
  return { code, details, metadata: encodeDetails(code, details, { reason, fieldViolations }) };
}

/** Well-formed too: what is not can't be in a header. */
function shortened(message: string): string {
  const text = message.length > MESSAGE_CHARACTERS_MAX ? `${message.slice(0, MESSAGE_CHARACTERS_MAX - 1)}…` : message;
  return Buffer.from(text).toString();
}
