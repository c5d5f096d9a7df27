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

/** An error of a socket, of TLS, of a parser or of a file as an operator would say it; an unknown one in its own words. */
export function reasonOf(error: Error): string {
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const { code, syscall, path, reason } = error as NodeJS.ErrnoException & { readonly reason?: string };
  if (error instanceof ProbeSocketError) return reasons[String(error.details.errno)] ?? error.message;
  // Node.js calls it a reset too when a server ends the connection in order, but names no system call then.
  if (code === 'ECONNRESET' && syscall === undefined) return 'connection closed without an answer';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `certificate is for another name: ${reason}`;
  const known = code === undefined ? undefined : reasons[code];
  return known === undefined ? error.message : `${known}${path === undefined ? '' : `: ${path}`}`;
}
