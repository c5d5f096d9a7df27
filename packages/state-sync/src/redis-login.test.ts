import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { eventually, freePorts, RedisServer, sampleImages } from './test-support/index.js';
import { startNode } from './test-support/nodes.js';

/** An authority, and a certificate of it for a server and its clients. */
function makeCertificates(directory: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const subject = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`];
  openssl('req', '-x509', ...subject('authority'), '-keyout', 'ca.key', '-out', 'ca.crt');
  openssl(
    'req',
    ...subject('redis.test'),
    '-addext',
    'subjectAltName=DNS:redis.test',
    '-keyout',
    'one.key',
    '-out',
    'one.csr',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'one.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-copy_extensions',
    'copy',
    '-out',
    'one.crt',
  );
}

test('over TLS with a certificate of its own, as a user that may touch its prefix alone, in database 3', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-certificates-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  makeCertificates(directory);
  const file = (name: string) => join(directory, name);
  const [port = 0] = await freePorts(1);
  const server = await RedisServer.start({
    lines: [
      `tls-port ${port}`,
      `tls-cert-file ${file('one.crt')}`,
      `tls-key-file ${file('one.key')}`,
      `tls-ca-cert-file ${file('ca.crt')}`,
      'user weir on >secret ~weir:* &weir:* +@all -@dangerous +info',
    ],
  });
  t.teardown(() => server[Symbol.asyncDispose]());
  const tls = {
    ca: readFileSync(file('ca.crt')),
    certificate: readFileSync(file('one.crt')),
    key: readFileSync(file('one.key')),
    serverName: 'redis.test',
  };
  const at = {
    mode: 'single',
    addresses: [`127.0.0.1:${port}`],
    username: 'weir',
    password: 'secret',
    database: 3,
  } as const;
  const { replication } = await startNode(t, 'a', { ...at, tls });
  replication.tell(sampleImages(10, 'fullnat'));
  await eventually('flows to be written', () => replication.status().told === 10);
  t.is(typeof (await replication.findByClient(sampleImages(1, 'fullnat'))), 'object');
  let yielded = 0;
  replication.onYield(() => yielded++);
  const other = await startNode(t, 'b', { ...at, tls });
  await eventually('the other node to be connected', () => other.replication.isAvailable);
  const found = await other.replication.findByClient(sampleImages(1, 'fullnat'));
  await eventually('the owner to yield', () => {
    if (typeof found === 'object') other.replication.takeOver(found);
    return yielded > 0;
  });
  t.regex(String(await server.command('INFO', 'keyspace')), /db3:keys=20/);

  const untrusting = await startNode(t, 'c', { ...at, tls: { ...tls, ca: readFileSync(file('one.crt')) } });
  await eventually('the failure to be logged', () => untrusting.logged.length > 0);
  t.regex(untrusting.logged[0] ?? '', /can't be reached: .*certificate/);
  const misnamed = await startNode(t, 'd', { ...at, tls: { ...tls, serverName: 'other.test' } });
  await eventually('the failure to be logged', () => misnamed.logged.length > 0);
  t.regex(misnamed.logged[0] ?? '', /altnames/);
});

test('a wrong password is what the log and the status say, and when it is right it goes on', async (t) => {
  const server = await RedisServer.start({ lines: ['user weir on >right ~* &* +@all'] });
  t.teardown(() => server[Symbol.asyncDispose]());
  const at = { mode: 'single', addresses: [server.socket], username: 'weir' } as const;
  const { replication, logged } = await startNode(t, 'a', { ...at, password: 'wrong' });
  await eventually('the failure to be logged', () => logged.length > 0);
  t.regex(logged[0] ?? '', /WRONGPASS/);
  t.regex(replication.status().lastError ?? '', /WRONGPASS/);
  t.false(replication.isAvailable);
  const right = await startNode(t, 'b', { ...at, password: 'right' });
  await eventually('a connection', () => right.replication.isAvailable);
});
