import { ProbeSocketError } from './libc.js';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  EADDRNOTAVAIL: 'no local address or port left to connect from',
  EMFILE: 'this process has no file descriptors left',
  ENFILE: 'this host has no file descriptors left',
  EACCES: 'permission denied',
  ENOENT: 'no such file',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate chain ends in a self-signed certificate that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate is signed by an unknown authority',
  EPROTO: 'the server does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP',
};

/** An error of a socket, of TLS or of a parser as an operator would say it; an unknown one in its own words. */
export function reasonOf(error: Error): string {
  const code = error instanceof ProbeSocketError ? error.details.errno : (error as NodeJS.ErrnoException).code;
  return reasons[String(code)] ?? error.message;
}
