import { readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { ProbeTarget, ProbeTls } from './health-check.js';

/**
 * Speaks TLS over a socket that connects or is connected. The certificate has to name `serverName`, or else the address.
 * @throws when the file `ca` can't be read; the socket is closed then, since nobody listens to it any more
 */
export function speakTls(socket: Socket, target: ProbeTarget, tls: ProbeTls, protocols: readonly string[]): TLSSocket {
  let context: SecureContext;
  try {
    context = secureContext(tls.ca);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return connect({
    socket,
    host: target.address,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: tls.verify,
    secureContext: context,
    ALPNProtocols: [...protocols],
  });
}

const contexts = new Map<string | undefined, { readonly changedMs: number; readonly context: SecureContext }>();

/** Read anew when the file changed; to parse certificates for each probe would cost more than the probe. */
function secureContext(ca: string | undefined): SecureContext {
  const changedMs = ca === undefined ? 0 : statSync(ca).mtimeMs;
  const known = contexts.get(ca);
  if (known?.changedMs === changedMs) return known.context;
  const context = createSecureContext(ca === undefined ? {} : { ca: readFileSync(ca) });
  contexts.set(ca, { changedMs, context });
  return context;
}
