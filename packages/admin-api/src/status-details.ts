import { Metadata } from '@grpc/grpc-js';
import type { Any } from './generated/google/protobuf/any.js';
import {
  BadRequest,
  type BadRequest_FieldViolation,
  ErrorInfo,
  PreconditionFailure,
  type PreconditionFailure_Violation,
} from './generated/google/rpc/error_details.js';
import { Status } from './generated/google/rpc/status.js';

/** Trailer with the encoded google.rpc.Status (https://grpc.io/docs/guides/error/, "Richer error model"). */
const TRAILER = 'grpc-status-details-bin';
/** `ErrorInfo.domain` of each error of this API. */
const DOMAIN = 'weir';
const TYPE_PREFIX = 'type.googleapis.com/';

/** What an error tells programs besides its status and message. */
export interface StatusDetails {
  /** Code of the error, such as `NOT_FOUND` or `CONFIG_INVALID`; empty: the server named none. */
  readonly reason: string;
  /** Of INVALID_ARGUMENT: what is wrong with which field of the request. */
  readonly fieldViolations: readonly BadRequest_FieldViolation[];
  /** Of FAILED_PRECONDITION: what stands in the way. */
  readonly preconditionViolations: readonly PreconditionFailure_Violation[];
}

const NO_DETAILS: StatusDetails = { reason: '', fieldViolations: [], preconditionViolations: [] };

/**
 * Trailers of a call that failed.
 * @param code  gRPC status code of the call
 * @param message  the same as the call's
 */
export function encodeDetails(code: number, message: string, details: Partial<StatusDetails>): Metadata {
  const { reason, fieldViolations, preconditionViolations } = { ...NO_DETAILS, ...details };
  const anys: Any[] = [];
  const add = (name: string, encoded: { finish(): Uint8Array }) =>
    anys.push({ typeUrl: `${TYPE_PREFIX}${name}`, value: Buffer.from(encoded.finish()) });
  if (reason !== '') add('google.rpc.ErrorInfo', ErrorInfo.encode({ reason, domain: DOMAIN, metadata: {} }));
  if (fieldViolations.length > 0) {
    add('google.rpc.BadRequest', BadRequest.encode({ fieldViolations: [...fieldViolations] }));
  }
  if (preconditionViolations.length > 0) {
    add('google.rpc.PreconditionFailure', PreconditionFailure.encode({ violations: [...preconditionViolations] }));
  }
  const metadata = new Metadata();
  metadata.set(TRAILER, Buffer.from(Status.encode({ code, message, details: anys }).finish()));
  return metadata;
}

/** The details in the trailers of a call that failed; all empty where there are none, or none that can be read. */
export function decodeDetails(metadata: Metadata): StatusDetails {
  const [trailer] = metadata.get(TRAILER);
  if (!(trailer instanceof Uint8Array)) return NO_DETAILS;
  try {
    return Status.decode(trailer).details.reduce(withDetail, NO_DETAILS);
  } catch {
    // A stranger's bytes: status and message are there without them.
    return NO_DETAILS;
  }
}

/** Kinds that are not known here are passed over. */
function withDetail(details: StatusDetails, { typeUrl, value }: Any): StatusDetails {
  switch (typeUrl.slice(TYPE_PREFIX.length)) {
    case 'google.rpc.ErrorInfo':
      return { ...details, reason: ErrorInfo.decode(value).reason };
    case 'google.rpc.BadRequest':
      return { ...details, fieldViolations: BadRequest.decode(value).fieldViolations };
    case 'google.rpc.PreconditionFailure':
      return { ...details, preconditionViolations: PreconditionFailure.decode(value).violations };
    default:
      return details;
  }
}
