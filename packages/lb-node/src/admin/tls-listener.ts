import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Endpoint } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { WeirError } from '@weir/errors';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * Listens on TCP for clients with a certificate of the CA. Whoever has none, an expired one or no TLS at all is refused, and
 * the log says who it was.
 * @throws {WeirError} ADMIN_LISTEN_REFUSED
 */
export async function listenTls(
  { host, port }: Endpoint,
  options: SecureContextOptions,
  { logger, onConnection }: { readonly logger: Logger; readonly onConnection: (socket: TLSSocket) => void },
): Promise<Server> {
  const refuse = (socket: Socket, reason: string) => {
    const from = addressOf(socket);
    logger.warn({ event: 'admin_refused', from, reason }, `admin API: refused ${from}: ${reason}`);
    socket.destroy();
  };
  const server = createServer(
    {
      ...options,
      ALPNProtocols: ['h2'],
      minVersion: 'TLSv1.2',
      requestCert: true,
      // Refused below: refused by Node.js, nobody would learn why.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    },
    (socket) => {
      socket.on('error', () => socket.destroy());
      if (!socket.authorized) refuse(socket, reasonOfCertificate(socket));
      else if (socket.alpnProtocol !== 'h2') refuse(socket, 'it does not speak HTTP/2');
      else onConnection(socket);
    },
  );
  server.on('tlsClientError', (error, socket) => refuse(socket, reasonOfHandshake(error)));
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const message = `admin.listen: ${host} port ${port} can't be listened on: ${(cause as Error).message}`;
    throw new WeirError('ADMIN_LISTEN_REFUSED', message, { cause, details: { host, port } });
  }
}

/** For logs. */
export function addressOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'a client that is gone' : `${remoteAddress} port ${remotePort}`;
}

function reasonOfCertificate(socket: TLSSocket): string {
  if (Object.keys(socket.getPeerCertificate() ?? {}).length === 0) return 'it has no certificate';
  return `its certificate is not accepted: ${socket.authorizationError}`;
}

/** What OpenSSL says, in words where its own need a book. */
function reasonOfHandshake(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS';
    case 'ECONNRESET':
      return 'it went away before TLS was set up';
    default:
      return error.message;
  }
}
