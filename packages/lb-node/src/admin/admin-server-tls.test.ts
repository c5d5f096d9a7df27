import { readFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { decodeDetails, type GetServerInfoResponse, ServerClient, ServerService } from '@weir/admin-api';
import type { AdminConfig } from '@weir/control';
import { WeirError } from '@weir/errors';
import { eventually, freePorts } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { TestAuthority, type TestCertificate } from '../test-support/test-authority.js';
import { AdminServer } from './admin-server.js';
import { serviceMethods } from './service-methods.js';

const roles = [
  { of: 'subject', pattern: 'alice', role: 'admin' },
  { of: 'san', pattern: 'DNS:*.monitoring.example', role: 'viewer' },
] as const;

const service = serviceMethods(ServerService, {
  getServerInfo: {
    role: 'viewer',
    unary: async (_, { name, role }) => ({
      node: name,
      role,
      version: '',
      started: undefined,
      engine: '',
      interfaces: [],
      status: '',
      logLevel: '',
      services: 0,
      backends: 0,
      backendsUsable: 0,
      troubles: [],
    }),
  },
  getConfig: { role: 'viewer', unary: async () => ({ yaml: '', file: '' }) },
  setLogLevel: { role: 'admin', writes: true, unary: async ({ level }) => ({ level }) },
});

interface Opened {
  readonly port: number;
  readonly authority: TestAuthority;
  readonly server: AdminServer;
  readonly config: AdminConfig & { readonly tls: NonNullable<AdminConfig['tls']> };
  /** Messages of the log. */
  readonly log: readonly { readonly event?: string; readonly msg: string; readonly audit?: object }[];
}

/** A server with TLS on loopback, whose files are copies that the test may replace. */
async function open(t: ExecutionContext): Promise<Opened> {
  const authority = await TestAuthority.create();
  const own = await authority.issue('node', 'IP:127.0.0.1');
  const tls = { certificate: join(authority.directory, 'node.pem'), key: join(authority.directory, 'node.key') };
  await copyFile(own.certificateFile, tls.certificate);
  await copyFile(own.keyFile, tls.key);
  const [port = 0] = await freePorts(1);
  const log: { msg: string }[] = [];
  const sink = new Writable({
    write(line, _, done) {
      log.push(JSON.parse(String(line)));
      done();
    },
  });
  const config = { listen: [{ host: '127.0.0.1', port }], tls: { ...tls, clientCa: authority.caFile }, roles };
  const server = await AdminServer.open(config, [service], { logger: pino({ level: 'debug' }, sink) });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await authority[Symbol.asyncDispose]();
  });
  return { port, authority, server, config, log };
}

function clientOf(t: ExecutionContext, opened: Opened, certificate?: TestCertificate): ServerClient {
  const { port, config } = opened;
  const own = certificate === undefined ? [null, null] : [certificate.key, certificate.certificate];
  const creds = credentials.createSsl(readFileSync(config.tls.clientCa), own[0] ?? null, own[1] ?? null);
  const client = new ServerClient(`127.0.0.1:${port}`, creds, { 'grpc.use_local_subchannel_pool': 1 });
  t.teardown(() => client.close());
  return client;
}

const getInfo = (client: ServerClient) =>
  new Promise<GetServerInfoResponse>((resolve, reject) =>
    client.getServerInfo({}, new Metadata(), { deadline: Date.now() + 20_000 }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    ),
  );
const setLevel = (client: ServerClient) =>
  new Promise((resolve, reject) =>
    client.setLogLevel({ level: 'info' }, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
const errorOf = async (call: Promise<unknown>) =>
  (await call.then(
    () => undefined,
    (error) => error,
  )) as ServiceError;
const toldOf = ({ log }: Opened, text: string) =>
  eventually(`the log to say "${text}"`, async () => log.find(({ msg }) => msg.includes(text)));

test('a certificate has the role of its subject or of its alternative name', async (t) => {
  const opened = await open(t);
  const alice = await getInfo(clientOf(t, opened, await opened.authority.issue('alice', 'DNS:desk.example')));
  t.deepEqual([alice.role, alice.node], ['admin', 'CN=alice, DNS:desk.example']);

  const prometheus = clientOf(t, opened, await opened.authority.issue('p', 'DNS:a.monitoring.example'));
  t.is((await getInfo(prometheus)).role, 'viewer');
});

test('a role that is not enough is refused, and the message names the one that is needed', async (t) => {
  const opened = await open(t);
  const viewer = clientOf(t, opened, await opened.authority.issue('p', 'DNS:a.monitoring.example'));
  const error = await errorOf(setLevel(viewer));

  t.is(error.code, status.PERMISSION_DENIED);
  t.is(
    error.details,
    '/weir.admin.v1.Server/SetLogLevel needs the role admin; CN=p, DNS:a.monitoring.example has viewer',
  );
  t.is(decodeDetails(error.metadata).reason, 'ROLE_REQUIRED');
  await toldOf(opened, 'needs the role admin');
  const { audit } = await toldOf(opened, 'PERMISSION_DENIED');
  t.like(audit, { method: '/weir.admin.v1.Server/SetLogLevel', target: 'info' });
  t.false(Object.hasOwn(audit ?? {}, 'request'), 'what it asked for is not written');
});

test('a certificate of the CA that no role matches may not call at all', async (t) => {
  const opened = await open(t);
  const mallory = clientOf(t, opened, await opened.authority.issue('mallory', 'DNS:mallory.example'));
  const error = await errorOf(getInfo(mallory));

  t.is(error.code, status.PERMISSION_DENIED);
  t.is(decodeDetails(error.metadata).reason, 'NO_ROLE');
  await toldOf(opened, 'CN=mallory, DNS:mallory.example has no role');
});

test('roles that are reconfigured hold for connections that are there', async (t) => {
  const opened = await open(t);
  const alice = clientOf(t, opened, await opened.authority.issue('alice', 'DNS:desk.example'));
  t.is((await getInfo(alice)).role, 'admin');

  opened.server.reconfigure({ ...opened.config, roles: [{ of: 'subject', pattern: 'alice', role: 'viewer' }] });
  t.is((await getInfo(alice)).role, 'viewer');
});

test('an expired certificate, one of another CA, and none at all are refused, and the log says why', async (t) => {
  const opened = await open(t);
  const expired = await opened.authority.issue('alice', 'DNS:desk.example', true);
  t.is((await errorOf(getInfo(clientOf(t, opened, expired)))).code, status.UNAVAILABLE);
  await toldOf(opened, 'CERT_HAS_EXPIRED');

  await using other = await TestAuthority.create();
  const foreign = await other.issue('alice', 'DNS:desk.example');
  t.is((await errorOf(getInfo(clientOf(t, opened, foreign)))).code, status.UNAVAILABLE);
  await toldOf(opened, 'its certificate is not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE');

  t.is((await errorOf(getInfo(clientOf(t, opened)))).code, status.UNAVAILABLE);
  await toldOf(opened, 'it has no certificate');
});

test('plaintext on the TLS port is refused, and the log says so', async (t) => {
  const opened = await open(t);
  const plain = new ServerClient(`127.0.0.1:${opened.port}`, credentials.createInsecure());
  t.teardown(() => plain.close());
  t.is((await errorOf(getInfo(plain))).code, status.UNAVAILABLE);
  await toldOf(opened, 'it does not speak TLS');

  const socket = connect(opened.port, '127.0.0.1').on('error', () => {});
  socket.end('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => socket.on('close', resolve));
  t.truthy(await getInfo(clientOf(t, opened, await opened.authority.issue('alice', 'DNS:desk.example'))));
});

test('a certificate that is replaced is what the next connection sees; a wrong one is not taken', async (t) => {
  const opened = await open(t);
  const { authority, config, log } = opened;
  const alice = await authority.issue('alice', 'DNS:desk.example');
  const before = clientOf(t, opened, alice);
  t.truthy(await getInfo(before));

  await copyFile(authority.caFile, `${config.tls.certificate}.new`);
  await rename(`${config.tls.certificate}.new`, config.tls.certificate);
  await toldOf(opened, 'the former ones stay');
  t.truthy(await getInfo(clientOf(t, opened, alice)));

  // A name that the former certificate has not: only the new one lets this client in.
  const renewed = await authority.issue('node', 'DNS:renewed.example');
  await copyFile(renewed.keyFile, config.tls.key);
  await copyFile(renewed.certificateFile, config.tls.certificate);
  await eventually('the log to say that they are in use', async () =>
    log.find(({ event }) => event === 'admin_tls_reloaded'),
  );
  const error = await errorOf(getInfo(clientOf(t, opened, alice)));
  t.is(error.code, status.UNAVAILABLE, 'the new certificate is not of 127.0.0.1');
  t.truthy(await getInfo(before), 'a connection that is there goes on');
});

test('files that are missing or wrong keep the server from opening, and the error names them', async (t) => {
  const { config, authority } = await open(t);
  const [port = 0] = await freePorts(1);
  const missing = {
    ...config,
    listen: [{ host: '127.0.0.1', port }],
    tls: { ...config.tls, key: '/nowhere/node.key' },
  };
  const error = await t.throwsAsync(AdminServer.open(missing, [service], { logger: pino({ level: 'silent' }) }), {
    instanceOf: WeirError,
  });
  t.is(error.code, 'ADMIN_TLS_REFUSED');
  t.true(error.message.startsWith("admin.tls.key: /nowhere/node.key can't be read: ENOENT"), error.message);

  const mixed = { ...config, tls: { ...config.tls, key: (await authority.issue('x', 'DNS:x')).keyFile } };
  const { message } = await errorOf(AdminServer.open(mixed, [service], { logger: pino({ level: 'silent' }) }));
  t.true(message.includes('key values mismatch'), message);
});
