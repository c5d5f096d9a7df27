import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { HealthImplementation } from 'grpc-health-check';
import { makeCertificate } from './test-support/certificates.js';
import { probeOnce } from './test-support/probe-once.js';

const certificate = makeCertificate(test);

/** A server of grpc-js with its health service: '' and `shop` serve, `stock` does not. Returns its port. */
async function serve(t: ExecutionContext, credentials = ServerCredentials.createInsecure()): Promise<number> {
  const server: GrpcServer = new Server();
  new HealthImplementation({ '': 'SERVING', shop: 'SERVING', stock: 'NOT_SERVING' }).addToServer(server);
  t.teardown(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

const finds = test.macro(async (t, service: string, isWell: boolean, reason: string) => {
  const found = await probeOnce({ kind: 'grpc', service }, { address: '127.0.0.1', port: await serve(t) });
  t.deepEqual(found, { isWell, reason });
});

test('a server that serves is well', finds, '', true, 'SERVING');
test('a service that serves is well', finds, 'shop', true, 'SERVING');
test('a service that does not serve is told', finds, 'stock', false, 'NOT_SERVING');
test(
  'a service that the server does not know is told with its status',
  finds,
  'x'.repeat(300),
  false,
  `gRPC status 5: Health status unknown for service ${'x'.repeat(300)}`,
);

test('a server with TLS is asked over TLS', async (t) => {
  const { key, cert, file } = certificate;
  const port = await serve(t, ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]));
  const target = { address: '127.0.0.1', port };
  const tls = { verify: true, ca: file, serverName: 'web.test' };
  t.deepEqual(await probeOnce({ kind: 'grpc', service: '', tls }, target), { isWell: true, reason: 'SERVING' });
  const unknown = await probeOnce({ kind: 'grpc', service: '', tls: { verify: true } }, target);
  t.deepEqual(unknown, { isWell: false, reason: 'certificate is self-signed' });
});

for (const tls of [undefined, { verify: false }]) {
  test(`a port that nobody listens on is refused, ${tls === undefined ? 'without' : 'with'} TLS`, async (t) => {
    const probe = { kind: 'grpc', service: '', ...(tls && { tls }) } as const;
    const found = await probeOnce(probe, { address: '127.0.0.1', port: 1 });
    t.deepEqual(found, { isWell: false, reason: 'connection refused' });
  });
}
