import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { EtcdServer, startEtcdMembers } from '../test-support/etcd-server.js';
import { nodeRecord, openSource } from '../test-support/open-source.js';
import { makeTlsFiles } from '../test-support/tls-files.js';

const PREFIX = '/weir/v1/main';
const service = (address: string) => JSON.stringify({ vip: '198.51.100.10', port: 80, backends: [{ address }] });

test('with one of three members killed, changes are told by the others', async (t) => {
  const servers = await startEtcdMembers(3);
  t.teardown(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));
  const endpoints = servers.map(({ endpoint }) => endpoint);
  // Whichever member is asked first, each is once.
  const opened = await Promise.all(
    endpoints.map((endpoint) =>
      openSource({ endpoints: [endpoint, ...endpoints.filter((other) => other !== endpoint)] }),
    ),
  );
  t.teardown(() => Promise.all(opened.map((one) => one[Symbol.asyncDispose]())));
  const [first, second] = servers as [EtcdServer, EtcdServer];
  await first.kill();
  // The two that are left may have to elect a leader first.
  const put = () => second.etcdctl('put', `${PREFIX}/services/web`, service('10.0.0.21'));
  await eventually('a leader', () => put().catch(() => false as const));
  await Promise.all(opened.map((one) => one.until('10.0.0.21')));
  await eventually('all connections', () => opened.every(({ source }) => source.status().connected));
  t.pass();
});

test('a member that has lost its cluster is told of, and left', async (t) => {
  const servers = await startEtcdMembers(3);
  t.teardown(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));
  const [first, second, third] = servers as [EtcdServer, EtcdServer, EtcdServer];
  await using opened = await openSource({ endpoints: [first.endpoint], etcd: ['timeout: 1s'] });
  await second.kill();
  await third.kill();
  await opened.log.until(
    /^warn: etcd at .* (has lost the rest of its cluster|gives no answer|says: etcdserver: request timed out.*); what is in force stays$/,
  );
  await second.start();
  await opened.log.until(/^info: etcd at .* answers$/);
  t.pass();
});

test('a learner is told of, and the next member asked', async (t) => {
  await using server = await EtcdServer.start();
  await using learner = await server.startLearner();
  await using opened = await openSource({ endpoints: [learner.endpoint], etcd: ['timeout: 1s'] });
  await opened.log.until(
    /^warn: .* is a learner, which answers nobody; name a member that votes; what is in force stays$/,
  );
  t.false(opened.source.status().connected);
});

test('a member that takes no changes is read all the same, and that it takes none is told', async (t) => {
  await using server = await EtcdServer.start({ args: ['--quota-backend-bytes', '100000'] });
  await server.etcdctl('put', `${PREFIX}/services/web`, service('10.0.0.21'));
  await t.throwsAsync(async () => {
    for (let i = 0; i < 100; i++) await server.etcdctl('put', `large${i}`, 'x'.repeat(50_000));
  });
  await using opened = await openSource({ endpoints: [server.endpoint] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  await opened.log.until(/^warn: this node can't be registered: etcd at .* has no space left and takes no changes/);
  t.is(opened.addresses(), '10.0.0.21');
  t.true(opened.source.status().connected);
});

async function startWithUsers(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  await server.etcdctl('user', 'add', 'root:secret');
  await server.etcdctl('user', 'add', 'weir:pass');
  await server.etcdctl('role', 'add', 'weir');
  await server.etcdctl('role', 'grant-permission', 'weir', 'readwrite', '--prefix', `${PREFIX}/`);
  await server.etcdctl('user', 'grant-role', 'weir', 'weir');
  await server.etcdctl('user', 'grant-role', 'root', 'root');
  await server.etcdctl('auth', 'enable');
  server.etcdctlArgs = ['--user', 'root:secret'];
  return server;
}

test('a user with a password file is let in, and told changes', async (t) => {
  await using server = await startWithUsers();
  const directory = mkdtempSync(join(tmpdir(), 'weir-users-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'password');
  writeFileSync(file, 'pass\n');
  await using opened = await openSource({
    endpoints: [server.endpoint],
    etcd: ['username: weir', `passwordFile: ${file}`],
  });
  await server.etcdctl('put', `${PREFIX}/services/web`, service('10.0.0.21'));
  await opened.until('10.0.0.21');
  t.deepEqual(opened.log.lines, []);
});

const refused = test.macro(async (t: ExecutionContext, etcd: readonly string[], expected: RegExp) => {
  await using server = await startWithUsers();
  await using opened = await openSource({ endpoints: [server.endpoint], etcd });
  await opened.log.until(expected);
  t.false(opened.source.status().connected);
});

test(
  'a wrong password is told of',
  refused,
  ['username: weir', 'password: wrong'],
  /^warn: .* refuses user or password; see etcd\.username and etcd\.passwordFile; what is in force stays$/,
);
test(
  'a user that is missing is told of',
  refused,
  [],
  /^warn: .* wants a user; give etcd\.username and etcd\.passwordFile/,
);
test(
  'a user without permission is told of',
  refused,
  ['username: weir', 'password: pass', 'cluster: other'],
  /^warn: .* does not permit it; give the role/,
);
test(
  'a password file that is missing is told of',
  refused,
  ['username: weir', 'passwordFile: /nonexistent/password'],
  /ENOENT.*\/nonexistent\/password/,
);

test('with TLS, a member is known by its authority, and the node by its certificate', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const tls = await makeTlsFiles(directory);
  await using server = await EtcdServer.start({ tls });
  await server.etcdctl('put', `${PREFIX}/services/web`, service('10.0.0.21'));
  const open = (section: string) => openSource({ endpoints: [server.endpoint], etcd: [`tls: ${section}`] });
  {
    await using opened = await open(`{ ca: ${tls.ca}, certificate: ${tls.certificate}, key: ${tls.key} }`);
    t.is(opened.addresses(), '10.0.0.21');
  }
  {
    await using opened = await open(
      `{ ca: ${tls.ca}, certificate: ${tls.certificate}, key: ${tls.key}, serverName: member }`,
    );
    t.is(opened.addresses(), '10.0.0.21');
  }
  {
    await using opened = await open(
      `{ ca: ${tls.ca}, certificate: ${tls.certificate}, key: ${tls.key}, serverName: other }`,
    );
    await opened.log.until(/has a certificate of another name; see etcd\.tls\.serverName/);
  }
  {
    await using opened = await open('true');
    await opened.log.until(/has a certificate that etcd\.tls\.ca did not sign/);
  }
  await using opened = await open(`{ ca: ${tls.ca} }`);
  await opened.log.until(/wants a certificate that it knows|ended the connection/);
});
