import { type ServiceError, status } from '@grpc/grpc-js';
import { decodeDetails } from '@weir/admin-api';
import { WeirctlError, type WeirctlErrorCode } from '../weirctl-error.js';

/** By status; others are REFUSED. */
const codes: Partial<Record<status, WeirctlErrorCode>> = {
  [status.UNAVAILABLE]: 'NODE_UNAVAILABLE',
  [status.DEADLINE_EXCEEDED]: 'NODE_SILENT',
  [status.PERMISSION_DENIED]: 'NOT_ALLOWED',
  [status.UNAUTHENTICATED]: 'NOT_ALLOWED',
  [status.INVALID_ARGUMENT]: 'REQUEST_INVALID',
  [status.NOT_FOUND]: 'NOT_FOUND',
  [status.ABORTED]: 'CHANGED_MEANWHILE',
  [status.UNIMPLEMENTED]: 'NODE_TOO_OLD',
};

/** What a call ended with, in words that say what to do next; `details`: the node's reason, and which fields it refuses. */
export function callError(error: ServiceError, address: string): WeirctlError {
  const code = isLockedSocket(error) ? 'NOT_ALLOWED' : (codes[error.code] ?? 'REFUSED');
  const { reason, fieldViolations } = decodeDetails(error.metadata);
  const details = { reason, fields: fieldViolations.map(({ field }) => field) };
  return new WeirctlError(code, messageOf(error, address), { cause: error, details });
}

/** Did a call end so because nobody listens there? All else is somebody who did not answer, or not to this caller. */
export function isNobodyThere({ cause }: WeirctlError): boolean {
  const { code, details } = (cause ?? {}) as Partial<ServiceError>;
  return code === status.UNAVAILABLE && /ENOENT|ECONNREFUSED/.test(details ?? '');
}

function messageOf(error: ServiceError, address: string): string {
  const said = error.details || error.message;
  switch (error.code) {
    case status.UNAVAILABLE:
      return unavailable(said, address);
    case status.DEADLINE_EXCEEDED:
      return `the node at ${address} has not answered in time; a longer --timeout may help, or see its log`;
    case status.ABORTED:
      return `${said}; look at what it is now, and try again`;
    case status.UNIMPLEMENTED:
      return `the node at ${address} does not know this: ${said}; is its Weir older than this weirctl?`;
    case status.INVALID_ARGUMENT: {
      const { fieldViolations } = decodeDetails(error.metadata);
      if (fieldViolations.length === 0) return said;
      return `the node refuses this:\n${fieldViolations.map(({ field, description }) => `  ${field}: ${description}`).join('\n')}`;
    }
    default:
      return said;
  }
}

function isLockedSocket({ code, details }: ServiceError): boolean {
  return code === status.UNAVAILABLE && details.includes('EACCES');
}

/** grpc-js tells the cause only in its text. */
function unavailable(said: string, address: string): string {
  if (said.includes('EACCES')) {
    return `you may not open ${address}; run weirctl as root, or as a member of the group that admin.socketGroup names`;
  }
  if (/ENOENT|ECONNREFUSED/.test(said)) {
    return `nobody listens at ${address}; is the node running? See "systemctl status weir-node", and --address`;
  }
  if (/certificate|self.signed|altnames|ssl|tls|EPROTO/i.test(said)) {
    return `no TLS with ${address}: ${said}; see --tls-ca, --tls-cert, --tls-key and --tls-server-name`;
  }
  return `the node at ${address} can't be reached: ${said}`;
}
