import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { eventually, freePorts } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { ConfigError } from '../config-error.js';
import { EtcdServer } from '../test-support/etcd-server.js';
import { openSource } from '../test-support/open-source.js';
import type { Refusal } from './config-source.js';

const PREFIX = '/weir/v1/main';
const web = JSON.stringify({ vip: '198.51.100.10', port: 80 });

async function startWithOneBackend(): Promise<EtcdServer> {
  const server = await EtcdServer.start();
  await server.etcdctl('put', `${PREFIX}/services/web`, web);
  await server.etcdctl('put', `${PREFIX}/backends/web/b1`, '{"address": "10.0.0.21"}');
  return server;
}

function directoryOf(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weir-outage-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('an etcd that is gone for a while changes nothing, and what was put meanwhile is told when it is back', async (t) => {
  await using server = await startWithOneBackend();
  await using opened = await openSource({ endpoints: [server.endpoint] });
  await server.kill();
  await opened.log.until(/refuses connections; nothing listens there; what is in force stays|ended the connection/);
  await eventually('the status', () => !opened.source.status().connected);
  t.is(opened.addresses(), '10.0.0.21');
  t.is(opened.source.status().source, 'etcd');
  t.regex(opened.source.status().lastError ?? '', /^etcd at 127\.0\.0\.1:\d+ /);

  await server.start();
  await server.etcdctl('put', `${PREFIX}/backends/web/b1`, '{"address": "10.0.0.22"}');
  await opened.until('10.0.0.22');
  await opened.log.until(/^info: etcd at .* answers$/);
  t.is(opened.source.status().lastError, undefined);
});

test('changes that were compacted while the node was away are found all the same', async (t) => {
  await using server = await startWithOneBackend();
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['timeout: 2s'] });
  const { revision } = opened.source.status();
  // Frozen, it is silent, and its connections stay.
  server.signal('SIGSTOP');
  await opened.log.until(/gives no answer; what is in force stays/);
  await server.kill();
  await server.start();
  for (const last of [30, 31, 32]) {
    await server.etcdctl('put', `${PREFIX}/backends/web/b1`, `{"address": "10.0.0.${last}"}`);
  }
  await server.etcdctl('compact', String(Number(revision) + 3));
  await server.etcdctl('defrag');
  await opened.until('10.0.0.32');
  await eventually('the connection', () => opened.source.status().connected);
  t.pass();
});

test('a member that is frozen is given up, and asked again when it goes on', async (t) => {
  await using server = await startWithOneBackend();
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['timeout: 2s'] });
  server.signal('SIGSTOP');
  await eventually('the status', () => !opened.source.status().connected);
  server.signal('SIGCONT');
  await opened.log.until(/^info: etcd at .* answers$/);
  t.true(opened.log.lines.some((line) => line.includes('gives no answer')));
});

test('an etcd that is gone at start leaves the last good state in force, and is caught up with later', async (t) => {
  const directory = directoryOf(t);
  await using server = await startWithOneBackend();
  {
    await using _before = await openSource({ endpoints: [server.endpoint], directory });
  }
  await server.kill();
  await using opened = await openSource({ endpoints: [server.endpoint], directory });
  t.is(opened.addresses(), '10.0.0.21');
  t.like(opened.source.status(), { source: 'snapshot', connected: false });
  await opened.log.until(/^warn: etcd does not answer; the last good state is in force, from .*main\.snapshot$/);
  await server.start();
  await server.etcdctl('put', `${PREFIX}/backends/web/b1`, '{"address": "10.0.0.22"}');
  await opened.until('10.0.0.22');
  t.is(opened.source.status().source, 'etcd');
});

test('without etcd and without a snapshot, weir.yaml is in force', async (t) => {
  const [port] = await freePorts(1);
  await using opened = await openSource({
    endpoints: [{ host: '127.0.0.1', port: port as number }],
    more: 'services: [ { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21 } ] } ]',
  });
  t.is(opened.addresses(), '10.0.0.21');
  t.like(opened.source.status(), { source: 'nothing', connected: false, revision: '0' });
});

test('a member that accepts connections and says nothing does not hold up the start for ever', async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  t.teardown(() => {
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  await using opened = await openSource({ endpoints: [{ host: '127.0.0.1', port }], etcd: ['timeout: 300ms'] });
  t.false(opened.source.status().connected);
  t.regex(opened.source.status().lastError ?? '', /gives no answer/);
});

test('a service that went bad keeps its last good value over a restart', async (t) => {
  const directory = directoryOf(t);
  await using server = await startWithOneBackend();
  {
    await using before = await openSource({ endpoints: [server.endpoint], directory });
    await server.etcdctl('put', `${PREFIX}/services/web`, '{"vip": "198.51.100.300", "port": 80}');
    await before.log.until(
      /^warn: services\/web: vip: "198\.51\.100\.300" is not an IP address; its last good value stays$/,
    );
  }
  await using opened = await openSource({ endpoints: [server.endpoint], directory });
  t.is(opened.config.services[0]?.listeners[0]?.vip, '198.51.100.10');
  t.deepEqual([...opened.source.status().skipped], [['services/web', 'vip: "198.51.100.300" is not an IP address']]);
  await server.etcdctl('put', `${PREFIX}/services/web`, web);
  await opened.log.until(/^info: services\/web: all is well with it again/);
});

test('a snapshot is readable to its owner alone, and a damaged one is told of and ignored', async (t) => {
  const directory = directoryOf(t);
  const file = join(directory, 'main.snapshot');
  await using server = await startWithOneBackend();
  {
    await using _before = await openSource({ endpoints: [server.endpoint], directory });
  }
  t.is(statSync(file).mode & 0o777, 0o600);
  writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.21', '10.0.0.99'));
  await server.kill();
  await using opened = await openSource({ endpoints: [server.endpoint], directory });
  t.is(opened.addresses(), undefined);
  await opened.log.until(
    /^warn: .*main\.snapshot has been changed or damaged: its checksum is another; it is ignored$/,
  );
});

test('a change of weir.yaml is told beside what is in etcd, and a bad one refused', async (t) => {
  await using server = await startWithOneBackend();
  await using opened = await openSource({ endpoints: [server.endpoint] });
  const good = readFileSync(opened.file, 'utf8');
  writeFileSync(opened.file, good.replace('eth0', 'eth0, eth0'));
  await eventually('the refusal', () => opened.events.some(({ kind }) => kind === 'refused'));
  writeFileSync(opened.file, good.replace('eth0', 'eth1'));
  await eventually('the change', () => opened.config.node.interfaces[0] === 'eth1');
  t.is(opened.addresses(), '10.0.0.21');
});

test('a weir.yaml that can not be put in force is refused once, and etcd goes on with the one before', async (t) => {
  await using server = await startWithOneBackend();
  const refusal: Refusal = (current, next) =>
    isDeepStrictEqual(current.node, next.node) ? undefined : new ConfigError('CONFIG_NEEDS_RESTART', 'node is fixed');
  await using opened = await openSource({ endpoints: [server.endpoint], refusal });
  writeFileSync(opened.file, readFileSync(opened.file, 'utf8').replace('eth0', 'eth1'));
  await eventually('the refusal', () => opened.events.some(({ kind }) => kind === 'refused'));
  await server.etcdctl('put', `${PREFIX}/backends/web/b1`, '{"address": "10.0.0.22"}');
  await opened.until('10.0.0.22');
  t.deepEqual(opened.config.node.interfaces, ['eth0']);
  t.is(opened.events.filter(({ kind }) => kind === 'refused').length, 1);
});
