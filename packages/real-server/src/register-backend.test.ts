import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EtcdServer, type EtcdServerSettings, makeTlsFiles } from '@weir/control/test-support';
import test, { type ExecutionContext } from 'ava';
import { inTime, spawnAgent } from './fixture/spawn-agent.js';

const KEY = '/weir/v1/main/backends/web/web1';

async function openEtcd(t: ExecutionContext, settings: EtcdServerSettings = {}): Promise<EtcdServer> {
  const etcd = await EtcdServer.start(settings);
  t.teardown(() => etcd[Symbol.asyncDispose]());
  return etcd;
}

const endpointOf = ({ endpoint: { host, port } }: EtcdServer) => `${host}:${port}`;

/** What the key holds; empty: there is none. */
async function read(etcd: EtcdServer, key = KEY): Promise<string> {
  return (await etcd.etcdctl('get', key, '--print-value-only')).trim();
}

/** The lease of the key, in decimal digits as etcdctl prints it; '0': it has none. */
async function leaseOf(etcd: EtcdServer): Promise<string> {
  const found = /"lease":(\d+)/.exec(await etcd.etcdctl('get', KEY, '--write-out=json'));
  return found?.[1] ?? '0';
}

/** A server whose check is well until it closes, and the arguments that say so. */
async function startServer(t: ExecutionContext, port = 0): Promise<Server & { readonly port: number }> {
  const server = createServer((_, response) => response.end('well')).listen(port, '127.0.0.1');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

/** `real-server register` until the test ends. */
class Registrar {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<number | null>;
  #wake = () => {};

  constructor(t: ExecutionContext, etcd: readonly EtcdServer[], checkPort: number, ...more: readonly string[]) {
    const args = [
      ...etcd.flatMap((server) => ['--etcd', endpointOf(server)]),
      ...['--service', 'web', '--name', 'web1', '--address', '10.3.0.21', '--check-address', '127.0.0.1'],
      ...['--check-port', String(checkPort), '--interval', '200ms', '--ttl', '10s', '--etcd-timeout', '20s'],
    ];
    const child = spawnAgent(['register', ...args, ...more]);
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    t.teardown(() => this.kill());
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  /** The exit code. */
  get exited(): Promise<number | null> {
    return inTime('the end of the registration', this.#ended);
  }

  /** The next message that contains the text; those before it are passed over. */
  told(text: string): Promise<string> {
    return inTime(`a message with "${text}"`, this.#nextWith(text));
  }

  async #nextWith(text: string): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) {
        const { msg } = JSON.parse(line) as { msg: string };
        if (msg.includes(text)) return msg;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Told and not yet passed over. */
  get waiting(): readonly string[] {
    return this.#lines;
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

test.serial(
  'a backend is registered under a lease while its check passes, goes when it fails, and comes back',
  async (t) => {
    const etcd = await openEtcd(t);
    const server = await startServer(t);
    const registrar = new Registrar(t, [etcd], server.port, '--check', 'http', '--fall', '2');
    await registrar.told('registered');
    t.is(await read(etcd), '{"address":"10.3.0.21","weight":1}');
    t.not(await leaseOf(etcd), '0');
    const closedAt = performance.now();
    server.close();
    server.closeAllConnections();
    await registrar.told('no longer registered');
    t.log(`gone after ${(performance.now() - closedAt).toFixed(0)} ms`);
    t.is(await read(etcd), '');
    await startServer(t, server.port);
    await registrar.told('registered: ');
    t.is(await read(etcd), '{"address":"10.3.0.21","weight":1}');
  },
);

test.serial('SIGTERM takes new flows away, waits for the connections that are open, and removes the key', async (t) => {
  const etcd = await openEtcd(t);
  const server = await startServer(t);
  const registrar = new Registrar(t, [etcd], server.port, '--ttl', '5s');
  await registrar.told('registered');
  const connection = connect(server.port, '127.0.0.1');
  await once(connection, 'connect');
  registrar.terminate();
  await registrar.told('registered: ');
  t.is(await read(etcd), '{"address":"10.3.0.21","weight":0}');
  // Past the lease, which has to be renewed meanwhile.
  t.is(await Promise.race([registrar.exited, new Promise((resolve) => setTimeout(resolve, 7000, 'open'))]), 'open');
  t.is(await read(etcd), '{"address":"10.3.0.21","weight":0}');
  connection.destroy();
  await registrar.told('no connection to port');
  t.is(await registrar.exited, 0);
  t.is(await read(etcd), '');
});

test.serial('a drain ends with its time, and a second SIGTERM ends it at once', async (t) => {
  const etcd = await openEtcd(t);
  const server = await startServer(t);
  const hurried = new Registrar(t, [etcd], server.port, '--name', 'hurried', '--drain', '1h');
  const patient = new Registrar(t, [etcd], server.port, '--name', 'patient', '--drain', '1500ms');
  await Promise.all([hurried.told('registered'), patient.told('registered')]);
  const connection = connect(server.port, '127.0.0.1');
  t.teardown(() => connection.destroy());
  await once(connection, 'connect');
  for (const registrar of [hurried, patient]) registrar.terminate();
  await hurried.told('registered: ');
  hurried.terminate();
  t.is(await hurried.exited, 0);
  t.regex(await patient.told('the time is over'), /^1 connections to port \d+ are left/);
  t.is(await patient.exited, 0);
  t.is(await etcd.etcdctl('get', '--prefix', '/weir'), '');
});

test.serial('a backend whose check fails at SIGTERM leaves at once', async (t) => {
  const etcd = await openEtcd(t);
  const server = await startServer(t);
  const registrar = new Registrar(t, [etcd], server.port, '--drain', '1h', '--fall', '1');
  await registrar.told('registered');
  server.close();
  server.closeAllConnections();
  await registrar.told('no longer registered');
  registrar.terminate();
  t.is(await registrar.exited, 0);
});

test.serial('after its lease is revoked or its key deleted, a backend is registered again', async (t) => {
  const etcd = await openEtcd(t);
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [etcd], port);
  await registrar.told('registered');
  const [lease] = (await etcd.etcdctl('lease', 'list')).trim().split('\n').slice(-1) as [string];
  await etcd.etcdctl('lease', 'revoke', lease);
  await registrar.told(`the lease of ${KEY} ran out or was revoked; registering again`);
  await registrar.told('registered: ');
  t.not(await read(etcd), '');
  await etcd.etcdctl('del', KEY);
  await registrar.told('registered: ');
  t.not(await read(etcd), '');
});

test.serial('what somebody else writes to the key stays, and is told once', async (t) => {
  const etcd = await openEtcd(t);
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [etcd], port);
  await registrar.told('registered');
  await etcd.etcdctl('put', KEY, '{"address":"10.3.0.21","weight":0}');
  await registrar.told('was changed by somebody else');
  t.is(await read(etcd), '{"address":"10.3.0.21","weight":0}');
});

test.serial(
  'after a crash the key goes under the lease of the next life, and outlives that of the former',
  async (t) => {
    const etcd = await openEtcd(t);
    const { port } = await startServer(t);
    const crashed = new Registrar(t, [etcd], port, '--ttl', '60s');
    await crashed.told('registered');
    const former = await leaseOf(etcd);
    await crashed.kill();
    const next = new Registrar(t, [etcd], port);
    await next.told('registered');
    t.not(await leaseOf(etcd), former);
    await etcd.etcdctl('lease', 'revoke', BigInt(former).toString(16));
    t.is(await read(etcd), '{"address":"10.3.0.21","weight":1}');
  },
);

test.serial('weight 0 that somebody else wrote goes with the backend at SIGTERM', async (t) => {
  const etcd = await openEtcd(t);
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [etcd], port);
  await registrar.told('registered');
  await etcd.etcdctl('put', KEY, '{"address":"10.3.0.21","weight":0}');
  registrar.terminate();
  await registrar.told('no longer registered');
  t.is(await registrar.exited, 0);
  t.is(await read(etcd), '');
});

test.serial('what somebody else writes during a drain stays, and no removal is told', async (t) => {
  const etcd = await openEtcd(t);
  const server = await startServer(t);
  const registrar = new Registrar(t, [etcd], server.port, '--drain', '1h');
  await registrar.told('registered');
  const connection = connect(server.port, '127.0.0.1');
  t.teardown(() => connection.destroy());
  await once(connection, 'connect');
  registrar.terminate();
  await registrar.told('registered: ');
  await etcd.etcdctl('put', KEY, '{"address":"10.3.0.21","weight":7}');
  registrar.terminate();
  await registrar.told(`${KEY} is left as somebody else wrote it, {"address":"10.3.0.21","weight":7}`);
  t.is(await registrar.exited, 0);
  t.notRegex(registrar.waiting.join(), /no longer registered/);
  t.is(await read(etcd), '{"address":"10.3.0.21","weight":7}');
});

test.serial('etcd that is killed is told once, and the backend is registered when it is back', async (t) => {
  const etcd = await openEtcd(t);
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [etcd], port);
  await registrar.told('registered');
  await etcd.kill();
  t.is(
    await registrar.told('etcd at'),
    `etcd at ${endpointOf(etcd)} refuses connections; nothing listens there; trying on`,
  );
  await etcd.start();
  await registrar.told(`etcd at ${endpointOf(etcd)} answers`);
  t.not(await read(etcd), '');
});

test.serial('etcd that is not there at first is waited for, and another member is asked meanwhile', async (t) => {
  const [absent, present] = await Promise.all([openEtcd(t), openEtcd(t)]);
  await Promise.all([absent.kill(), present.kill()]);
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [absent, present], port);
  await registrar.told(`etcd at ${endpointOf(absent)}`);
  await present.start();
  await registrar.told('registered');
  t.not(await read(present), '');
});

test.serial('a user that etcd refuses is told what would help, and is let in when that was done', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-register-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'wrong\n');
  const etcd = await openEtcd(t);
  for (const line of [
    'user add root:secret',
    'user grant-role root root',
    'role add agents',
    'role grant-permission agents --prefix=true readwrite /weir/v1/main/backends/',
    'user add web:right',
    'user grant-role web agents',
    'auth enable',
  ]) {
    await etcd.etcdctl(...line.split(' '));
  }
  const { port } = await startServer(t);
  const registrar = new Registrar(t, [etcd], port, '--username', 'web', '--password-file', passwordFile);
  t.is(
    await registrar.told('etcd at'),
    `etcd at ${endpointOf(etcd)} refuses user or password; see --username and --password-file; trying on`,
  );
  writeFileSync(passwordFile, 'right\n');
  await registrar.told('registered');
  etcd.etcdctlArgs = ['--user=root:secret'];
  t.not(await read(etcd), '');
});

test.serial('to an etcd that wants a certificate, the one of the command line is shown', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-register-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const tls = await makeTlsFiles(folder);
  const etcd = await openEtcd(t, { tls });
  const { port } = await startServer(t);
  const plain = new Registrar(t, [etcd], port, '--name', 'plain');
  t.regex(await plain.told('etcd at'), new RegExp(`^etcd at ${endpointOf(etcd)} .*; trying on$`));
  const files = ['--tls-ca', tls.ca, '--tls-cert', tls.certificate, '--tls-key', tls.key];
  const registrar = new Registrar(t, [etcd], port, ...files);
  await registrar.told('registered');
  t.not(await read(etcd), '');
});

test('a wrong command line ends with exit code 2', async (t) => {
  t.is(await new Registrar(t, [], 80, '--etcd', '127.0.0.1:2379', '--ttl', 'soon').exited, 2);
});
