import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileSource } from '../cluster/file-source.js';
import { ConfigError, InvalidConfigError } from '../config-error.js';
import type { NodeConfig } from '../node-config.js';
import { loadNodeConfig, loadWrittenNode } from '../parse-node-config.js';
import { eventually } from '../test-support/index.js';
import { LogBook } from '../test-support/open-source.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { ChangeError } from './change-error.js';
import type { ConfigChanges } from './config-changes.js';

const text = `node: { name: lb1, interfaces: [eth0] }
services:
  - name: web # the shop
    vip: 198.51.100.1
    port: 80
    backends:
      - { name: web1, address: 10.0.0.21, weight: 3 }
      - { name: web2, address: 10.0.0.22 }
  - name: dns
    vip: 2001:db8::1
    protocol: udp
    port: 53
    backends: [{ address: "fd00::23" }]
`;

class Node implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'weir-changes-'));
  readonly file = join(this.directory, 'weir.yaml');
  readonly events: ConfigEvent[] = [];
  readonly log = new LogBook();
  source!: FileSource;

  static async start(check?: (next: NodeConfig) => Promise<void>): Promise<Node> {
    const node = new Node();
    writeFileSync(node.file, text);
    node.source = new FileSource(node.file, await loadWrittenNode(node.file), {
      logger: node.log,
      ...(check === undefined ? {} : { check }),
    });
    node.source.follow(async (event) => void node.events.push(event));
    return node;
  }

  get changes(): ConfigChanges {
    return this.source.changes;
  }

  weightOf(backend: string): number | undefined {
    return this.source.config.services.flatMap(({ backends }) => backends).find(({ name }) => name === backend)?.weight;
  }

  revisionOf(service: string): string | undefined {
    return this.changes.services().find(({ name }) => name === service)?.revision;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true });
  }
}

test('a change without save is in force when it is answered, and the file stays', async (t) => {
  await using node = await Node.start();
  const changed = await node.changes.changeBackend('web', 'web1', (current) => current && { ...current, weight: 7 });
  t.like(changed, { before: { weight: 3 }, after: { weight: 7 }, isInForce: true, origin: 'running' });
  t.is(node.weightOf('web1'), 7);
  t.is(node.events.length, 1);
  t.is(readFileSync(node.file, 'utf8'), text);
});

test('a saved change is in force, and the file has it with all its comments; a restart keeps it', async (t) => {
  await using node = await Node.start();
  chmodSync(node.file, 0o640);
  const options = { isSaved: true };
  const changed = await node.changes.changeBackend(
    'web',
    '10.0.0.21',
    (current) => current && { ...current, state: 'draining' },
    options,
  );
  t.is(changed.origin, 'file');
  t.is(node.weightOf('web1'), 0);
  t.is(readFileSync(node.file, 'utf8'), text.replace('weight: 3 }', 'weight: 3, state: draining }'));
  t.is(statSync(node.file).mode & 0o777, 0o640);
  t.is((await loadNodeConfig(node.file)).services[0]?.backends[0]?.weight, 0);
  await node.changes.changeBackend('web', 'web1', (current) => current && { ...current, state: undefined }, options);
  t.is(node.weightOf('web1'), 3);
  t.is(readFileSync(node.file, 'utf8'), text);
});

test.serial('what is saved leaves values of the environment out of the file, in the service itself too', async (t) => {
  Object.assign(process.env, { WEIR_TEST_PASSWORD: 'hunter2', WEIR_TEST_VIP: '198.51.100.7', WEIR_TEST_NAME: 'mail' });
  t.teardown(() => {
    for (const name of ['PASSWORD', 'VIP', 'NAME']) delete process.env[`WEIR_TEST_${name}`];
  });
  await using node = await Node.start();
  const addresses = 'interfaces: [eth0], address: 10.0.0.1, address6: "fd00::1"';
  const withSecrets = `${text.replace('interfaces: [eth0]', addresses)}  - name: \${env:WEIR_TEST_NAME}
    vip: \${env:WEIR_TEST_VIP} # of the site
    port: 25
    backends: [{ address: 10.0.0.31 }, { address: 10.0.0.32 }]
bgp:
  asn: 64512
  routerId: 10.0.0.1
  peers: [{ address: 10.0.0.254, asn: 64500, password: "\${env:WEIR_TEST_PASSWORD}" }]
`;
  writeFileSync(node.file, withSecrets);
  const file = await loadWrittenNode(node.file);
  await using source = new FileSource(node.file, file, { logger: node.log });
  const options = { isSaved: true };
  await source.changes.changeBackend('web', 'web1', (current) => current && { ...current, weight: 7 }, options);
  t.is(readFileSync(node.file, 'utf8'), withSecrets.replace('weight: 3', 'weight: 7'));
  await source.changes.changeService('mail', (current) => current && { ...current, port: 587 }, options);
  t.is(readFileSync(node.file, 'utf8'), withSecrets.replace('weight: 3', 'weight: 7').replace('port: 25', 'port: 587'));
  t.like(source.changes.services()[1], { name: 'mail', document: { vip: '198.51.100.7', port: 587 }, origin: 'file' });
});

test('a service comes and goes; what is wrong beside the others is refused with its path, and changes nothing', async (t) => {
  await using node = await Node.start();
  const mail = { name: 'mail', vip: '198.51.100.1', port: 25, backends: [{ address: '10.0.0.31' }] };
  t.like(await node.changes.changeService('mail', () => mail), { before: undefined, after: mail, isInForce: true });
  t.is(node.source.config.services.length, 3);
  const error = await t.throwsAsync(
    node.changes.changeService('more', () => ({
      ...mail,
      port: 80,
      backends: [{ address: '198.51.100.1', weight: -1 }],
    })),
    { instanceOf: InvalidConfigError },
  );
  t.deepEqual(
    error?.problems.map(({ path }) => path),
    ['backends[0].weight'],
  );
  const beside = await t.throwsAsync(
    node.changes.changeService('more', () => ({ ...mail, port: 80 })),
    { instanceOf: InvalidConfigError },
  );
  t.regex(beside?.problems[0]?.message ?? '', /services\/web/);
  t.is(node.source.config.services.length, 3);
  t.like(await node.changes.changeService('mail', () => undefined), { after: undefined, revision: '0' });
  t.is(node.source.config.services.length, 2);
});

test('a problem of a backend has a path within the backend', async (t) => {
  await using node = await Node.start();
  const error = await t.throwsAsync(
    node.changes.changeBackend('web', 'web2', (current) => current && { ...current, weight: 70_000 }),
    { instanceOf: InvalidConfigError },
  );
  t.deepEqual(
    error?.problems.map(({ path }) => path),
    ['weight'],
  );
});

test('the second of two writers who saw the same revision is told which one it is at now', async (t) => {
  await using node = await Node.start();
  const expectedRevision = node.revisionOf('web');
  const weigh = (weight: number) =>
    node.changes.changeBackend('web', 'web1', (current) => current && { ...current, weight }, { expectedRevision });
  const [first, second] = await Promise.allSettled([weigh(5), weigh(6)]);
  t.is(first.status, 'fulfilled');
  const { reason } = second as PromiseRejectedResult;
  t.true(reason instanceof ChangeError);
  t.is((reason as ChangeError).code, 'CHANGE_CONFLICT');
  t.is((reason as ChangeError).currentRevision, node.revisionOf('web'));
  t.is(node.weightOf('web1'), 5);
});

test('what does not exist is expected at revision 0', async (t) => {
  await using node = await Node.start();
  const service = { name: 'web', vip: '198.51.100.9', port: 1, backends: [{ address: '10.0.0.9' }] };
  const error = await t.throwsAsync(
    node.changes.changeService('web', () => service, { expectedRevision: '0' }),
    {
      instanceOf: ChangeError,
    },
  );
  t.is(error?.code, 'CHANGE_CONFLICT');
  t.like(await node.changes.changeService('new', () => ({ ...service, name: 'new' }), { expectedRevision: '0' }), {
    isInForce: true,
  });
});

test('a dry run checks, and changes nothing', async (t) => {
  await using node = await Node.start();
  const dry = { isDryRun: true, isSaved: true };
  t.like(await node.changes.changeService('web', () => undefined, dry), { after: undefined, isInForce: false });
  t.is(node.source.config.services.length, 2);
  t.is(readFileSync(node.file, 'utf8'), text);
  await t.throwsAsync(
    node.changes.changeService('web', () => ({ name: 'web' }), dry),
    {
      instanceOf: InvalidConfigError,
    },
  );
});

test('the last backend of a service without discovery stays', async (t) => {
  await using node = await Node.start();
  const error = await t.throwsAsync(
    node.changes.changeBackend('dns', 'fd00::23', () => undefined),
    {
      instanceOf: ChangeError,
    },
  );
  t.is(error?.code, 'CHANGE_LAST_BACKEND');
});

test('a changed file stands over what was changed of the same service; other changes stay', async (t) => {
  await using node = await Node.start();
  await node.changes.changeBackend('web', 'web1', (current) => current && { ...current, weight: 7 });
  await node.changes.changeBackend('dns', 'fd00::23', (current) => current && { ...current, weight: 9 });
  writeFileSync(node.file, text.replace('weight: 3', 'weight: 4'));
  await eventually('the weight of the file', () => node.weightOf('web1') === 4);
  t.is(node.weightOf('fd00::23'), 9);
  t.like(node.changes.services(), [{ origin: 'running' }, { origin: 'file' }]);
  t.true(node.log.lines.some((line) => /service web; it stands over/.test(line)));
});

test('a changed file that contradicts what was changed is refused, and what runs stays', async (t) => {
  await using node = await Node.start();
  const mail = { name: 'mail', vip: '198.51.100.1', port: 25, backends: [{ address: '10.0.0.31' }] };
  await node.changes.changeService('mail', () => mail);
  writeFileSync(node.file, text.replace('port: 80', 'port: 25'));
  const refused = await eventually('a refusal', () => node.events.find(({ kind }) => kind === 'refused'));
  t.true(refused.kind === 'refused' && refused.error instanceof ConfigError);
  t.is(node.source.config.services.length, 3);
});

test('a file that was changed meanwhile is saved to where it says the same of the service, and else not', async (t) => {
  await using node = await Node.start();
  // Not followed: as if the change had not been noticed yet.
  await node.source[Symbol.asyncDispose]();
  const source = new FileSource(node.file, await loadWrittenNode(node.file), { logger: node.log });
  writeFileSync(node.file, text.replace('# the shop', '# our shop'));
  const drain = () =>
    source.changes.changeBackend('web', 'web1', (b) => b && { ...b, state: 'draining' }, { isSaved: true });
  await drain();
  t.regex(readFileSync(node.file, 'utf8'), /our shop[\s\S]*weight: 3, state: draining/);
  writeFileSync(node.file, text.replace('weight: 3', 'weight: 4'));
  const error = await t.throwsAsync(
    source.changes.changeBackend('web', 'web2', (b) => b && { ...b, weight: 8 }, { isSaved: true }),
    { instanceOf: ChangeError },
  );
  t.is(error?.code, 'CHANGE_NOT_SAVED');
  t.is(source.config.services[0]?.backends[1]?.weight, 1);
  await source[Symbol.asyncDispose]();
});

test('what the node itself could not put in force is not changed', async (t) => {
  const refusal = new ConfigError('CONFIG_NEEDS_RESTART', 'needs a restart');
  await using node = await Node.start(async ({ services }) => {
    if (services.length > 2) throw refusal;
  });
  const mail = { name: 'mail', vip: '198.51.100.1', port: 25, backends: [{ address: '10.0.0.31' }] };
  t.is(await t.throwsAsync(node.changes.changeService('mail', () => mail)), refusal);
  t.is(node.changes.services().length, 2);
});

test('entries are read once, however many ask, until one is changed', async (t) => {
  await using node = await Node.start();
  const [services, backends] = [node.changes.services(), node.changes.backends()];
  t.is(node.changes.services(), services);
  t.is(node.changes.backends(), backends);
  await node.changes.changeBackend('web', 'web1', (current) => current && { ...current, weight: 7 });
  t.not(node.changes.services(), services);
  t.is(node.changes.backends().find(({ name }) => name === 'web1')?.document.weight, 7);
  await node.changes.setNodeState('lb1', 'draining');
  t.is(node.changes.backends().find(({ name }) => name === 'web1')?.document.weight, 7);
});

test('timeouts are changed one by one until the daemon ends, or until the file says otherwise', async (t) => {
  await using node = await Node.start();
  const { udpMs } = node.source.config.dataplane.timeouts;
  t.like(await node.changes.setTimeouts({ tcp: '20m' }), { before: undefined, after: { tcp: '20m' }, isInForce: true });
  await node.changes.setTimeouts({ tcpFin: '30s' });
  t.like(node.source.config.dataplane.timeouts, { tcpMs: 1_200_000, tcpFinMs: 30_000, udpMs });
  const error = await t.throwsAsync(node.changes.setTimeouts({ udp: '1ms' }), { instanceOf: InvalidConfigError });
  t.regex(error?.message ?? '', /timeouts\.udp: "1ms" is less than 1s/);
  t.is(node.source.config.dataplane.timeouts.udpMs, udpMs);
  t.is(readFileSync(node.file, 'utf8'), text);
});

test('a node is drained until it is activated; its file does not know', async (t) => {
  await using node = await Node.start();
  t.like(await node.changes.setNodeState('lb1', 'draining'), { before: 'active', after: 'draining', isInForce: true });
  t.is(node.source.config.node.wantedState, 'draining');
  await node.changes.setNodeState('lb1', 'active');
  t.is(node.source.config.node.wantedState, 'active');
  await t.throwsAsync(node.changes.setNodeState('lb2', 'draining'), { instanceOf: ChangeError });
  t.is(readFileSync(node.file, 'utf8'), text);
});
