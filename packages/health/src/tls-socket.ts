import { readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { ProbeTarget, ProbeTls } from './health-check.js';

/** Speaks TLS over a socket that connects or is connected. The certificate has to name `serverName`, or else the address. */
export function speakTls(socket: Socket, target: ProbeTarget, tls: ProbeTls, protocols: readonly string[]): TLSSocket {
  return connect({
    socket,
    host: target.address,
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    rejectUnauthorized: tls.verify,
    secureContext: secureContext(tls.ca),
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
