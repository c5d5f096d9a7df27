import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { ProbeTls } from './health-check.js';
import { type Certificate, makeCertificate } from './test-support/certificates.js';
import { listening } from './test-support/listening.js';
import { probeOnce } from './test-support/probe-once.js';

const good = makeCertificate(test);
const other = makeCertificate(test);
const expired = makeCertificate(test, -1);

async function serve(t: ExecutionContext, { key, cert }: Certificate): Promise<number> {
  const server = createServer({ key, cert }, ({ socket }, response) => {
    response.end(`name ${(socket as TLSSocket & { servername: string | false }).servername}.`);
  });
  server.on('tlsClientError', () => {});
  return listening(t, server);
}

const finds = test.macro(async (t, certificate: Certificate, tls: ProbeTls, isWell: boolean, reason: RegExp) => {
  const port = await serve(t, certificate);
  const found = await probeOnce(
    { kind: 'http', path: '/', method: 'GET', status: [[200, 200]], tls },
    { address: '127.0.0.1', port },
  );
  t.is(found.isWell, isWell, found.reason);
  t.regex(found.reason, reason);
});

const well = /^status 200$/;

test(
  'a certificate of a known signer that names the address is well',
  finds,
  good,
  { verify: true, ca: good.file },
  true,
  well,
);
test(
  'a certificate that names what was asked for is well',
  finds,
  good,
  { verify: true, ca: good.file, serverName: 'web.test' },
  true,
  well,
);
test(
  'a certificate for another name is not',
  finds,
  good,
  { verify: true, ca: good.file, serverName: 'mail.test' },
  false,
  /certificate is for another name/,
);
test('a certificate of an unknown signer is not', finds, good, { verify: true, ca: other.file }, false, /self-signed/);
test(
  'without a list of signers the known ones count',
  finds,
  good,
  { verify: true },
  false,
  /^certificate is self-signed$/,
);
test(
  'a certificate that has expired is told as expired',
  finds,
  expired,
  { verify: true, ca: expired.file },
  false,
  /^certificate has expired$/,
);
test('without verification any certificate is well', finds, expired, { verify: false }, true, well);
test(
  'a file of signers that is missing is told by name',
  finds,
  good,
  { verify: true, ca: '/nowhere/ca.pem' },
  false,
  /\/nowhere\/ca.pem/,
);

test('the name that was asked for is in the handshake, and none if none was', async (t) => {
  const port = await serve(t, good);
  for (const [tls, body] of [
    [{ verify: false, serverName: 'web.test' }, 'name web.test.'],
    [{ verify: false }, 'name false.'],
  ] as const) {
    const found = await probeOnce(
      { kind: 'http', path: '/', method: 'GET', status: [[200, 200]], tls, body },
      { address: '127.0.0.1', port },
    );
    t.true(found.isWell, found.reason);
  }
});

test('a server that does not speak TLS is told as such', async (t) => {
  const port = await listening(t, createHttpServer());
  const found = await probeOnce(
    { kind: 'http', path: '/', method: 'GET', status: [[200, 200]], tls: { verify: false } },
    { address: '127.0.0.1', port },
  );
  t.deepEqual(found, { isWell: false, reason: 'the server does not speak TLS' });
});

test('a port that nobody listens on is refused', async (t) => {
  const found = await probeOnce(
    { kind: 'http', path: '/', method: 'GET', status: [[200, 200]], tls: { verify: false } },
    { address: '127.0.0.1', port: 1 },
  );
  t.deepEqual(found, { isWell: false, reason: 'connection refused' });
});
