import { readFileSync, writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import {
  type ApplyServiceResponse,
  type DeleteServiceResponse,
  type GetServiceResponse,
  type ListServicesResponse,
  Origin,
  ServiceSpec,
  type WatchServicesResponse,
} from '@weir/admin-api';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { type Caller, ROLES } from './caller.js';
import { type ChangesApi, call, openChangesApi, refusalOf } from './changes-api.fixture.js';
import type { Stream, Unary } from './service-methods.js';

const text = `node: { name: lb1, interfaces: [eth0] }
services:
  - name: web # the shop
    vip: 198.51.100.1
    port: 80
    backends: [{ name: web1, address: 10.0.0.21, weight: 3 }]
`;
const mail = {
  name: 'mail',
  listeners: [{ vip: '2001:db8::25', protocol: undefined, port: '25' }],
  backends: [{ address: 'fd00::31' }],
};

const apply = (api: ChangesApi, service: object, more: object = {}) =>
  call<ApplyServiceResponse>((done) =>
    api.services.applyService(
      {
        service: ServiceSpec.fromPartial(service),
        updateMask: undefined,
        expectedRevision: '',
        dryRun: false,
        save: false,
        ...more,
      },
      done,
    ),
  );
const get = (api: ChangesApi, name: string) =>
  call<GetServiceResponse>((done) => api.services.getService({ name }, done));
const list = (api: ChangesApi, more: object = {}) =>
  call<ListServicesResponse>((done) =>
    api.services.listServices({ pageSize: 0, pageToken: '', vip: '', ...more }, done),
  );
const remove = (api: ChangesApi, name: string, more: object = {}) =>
  call<DeleteServiceResponse>((done) =>
    api.services.deleteService({ name, expectedRevision: '', save: false, ...more }, done),
  );

test('a service that is applied is in force, is told with its revision, and is gone when it is deleted', async (t) => {
  const api = await openChangesApi(t, text);
  t.false((await apply(api, mail, { dryRun: true })).isInForce);
  const { service, changes, isInForce } = await apply(api, mail);
  t.true(isInForce);
  t.like(service, { origin: Origin.RUNNING, usableBackends: 1, spec: { name: 'mail' } });
  t.deepEqual(
    changes.map(({ path, beforeJson }) => [path, beforeJson]),
    [['', '']],
  );
  t.is(api.source.config.services[1]?.listeners[0]?.vip, '2001:db8::25');
  t.is((await get(api, 'mail')).service?.revision, service?.revision);
  t.true((await remove(api, 'mail', { expectedRevision: service?.revision })).isInForce);
  t.is((await refusalOf(get(api, 'mail'))).code, status.NOT_FOUND);
  t.is((await refusalOf(remove(api, 'mail'))).code, status.NOT_FOUND);
});

test('beside a weir.yaml that waits for a restart, changes are in force, and none is saved', async (t) => {
  const api = await openChangesApi(t, text);
  const edited = text.replace('lb1', 'lb2');
  writeFileSync(api.file, edited);
  t.like(await refusalOf(apply(api, mail, { save: true })), { code: status.FAILED_PRECONDITION });
  await eventually('the file is refused', () => api.source.refused !== undefined);
  t.regex(api.source.refused ?? '', /node\.name can't change/);
  t.true((await apply(api, mail)).isInForce);
  t.is(api.inForce.config.services[1]?.name, 'mail');
  t.is(api.inForce.config.node.name, 'lb1');
  t.regex(api.source.refused ?? '', /node\.name can't change/);
  t.is(readFileSync(api.file, 'utf8'), edited);
});

for (const save of [false, true]) {
  test(`what the node can't put in force is refused and taken back, with save ${save}`, async (t) => {
    const api = await openChangesApi(t, text);
    const { config } = api.inForce;
    api.failureOf = ({ services }) => (services.length > 1 ? new Error('the table is full') : undefined);
    const refusal = await refusalOf(apply(api, mail, { save }));
    t.is(refusal.code, status.FAILED_PRECONDITION);
    t.regex(refusal.message, /the table is full/);
    t.is((await refusalOf(get(api, 'mail'))).code, status.NOT_FOUND);
    t.deepEqual(api.inForce.config, config);
    t.is(readFileSync(api.file, 'utf8'), text);
    api.failureOf = () => undefined;
    t.true((await apply(api, mail, { save })).isInForce);
  });
}

test('what is got can be applied, and changes nothing', async (t) => {
  const api = await openChangesApi(t, text);
  const { service } = await get(api, 'web');
  t.like(service, { origin: Origin.FILE, announced: ['198.51.100.1/32'] });
  const again = await apply(api, service?.spec as ServiceSpec, { save: true });
  t.deepEqual(again.changes, []);
  t.is(again.service?.revision, service?.revision);
  t.is(readFileSync(api.file, 'utf8'), text);
});

test('with an update mask only its fields are taken; changes name backends by their names', async (t) => {
  const api = await openChangesApi(t, text);
  const wanted = { name: 'web', scheduler: 'wrr', method: 'nat', backends: [] };
  const { changes } = await apply(api, wanted, { updateMask: ['scheduler'], save: true });
  t.deepEqual(changes, [{ path: 'scheduler', beforeJson: '', afterJson: '"wrr"' }]);
  t.is(readFileSync(api.file, 'utf8'), `${text}    scheduler: wrr\n`);
  const spec = (await get(api, 'web')).service?.spec as ServiceSpec;
  const heavier = { ...spec, backends: spec.backends.map((backend) => ({ ...backend, weight: 9 })) };
  t.like((await apply(api, heavier, { dryRun: true })).changes, [
    { path: 'backends[web1].weight', beforeJson: '3', afterJson: '9' },
  ]);
  t.is(api.source.config.services[0]?.backends[0]?.weight, 3);
  t.is((await refusalOf(apply(api, { name: 'none' }, { updateMask: ['method'] }))).code, status.NOT_FOUND);
  t.deepEqual((await refusalOf(apply(api, wanted, { updateMask: ['methud'] }))).fields, ['updateMask']);
});

interface ReadingMethods {
  readonly getService: { readonly unary: Unary<object, GetServiceResponse> };
  readonly listServices: { readonly unary: Unary<object, ListServicesResponse> };
  readonly watchServices: { readonly stream: Stream<object, WatchServicesResponse> };
}

const keyed = {
  name: 'names',
  listeners: [{ vip: '198.51.100.53', protocol: 'udp', port: '53' }],
  method: 'gue',
  secondChance: { choices: 2, seed: '0123456789abcdef'.repeat(2), hashKey: 'fedcba9876543210'.repeat(2) },
  backends: [{ address: '10.0.0.51' }, { address: '10.0.0.52' }],
};

for (const role of ROLES) {
  test(`what hashes are keyed with is told by every method to admins alone, here to a caller of role ${role}`, async (t) => {
    const api = await openChangesApi(t, text);
    await apply(api, keyed);
    const { getService, listServices, watchServices } = api.servicesMethods.methods as unknown as ReadingMethods;
    const ended = new AbortController();
    t.teardown(() => ended.abort());
    const caller: Caller = { name: 'one', role, signal: ended.signal, audit() {} };
    const got = await getService.unary({ name: 'names' }, caller);
    const listed = await listServices.unary({ pageSize: 0, pageToken: '', vip: '198.51.100.53' }, caller);
    const watched: WatchServicesResponse[] = [];
    for await (const answer of watchServices.stream({ names: ['names'] }, caller)) {
      watched.push(answer);
      break;
    }
    const [first] = watched;
    const seen = [got.service, listed.services[0], first?.event?.$case === 'applied' ? first.event.value : undefined];
    const { seed, hashKey } = role === 'admin' ? keyed.secondChance : { seed: undefined, hashKey: undefined };
    for (const service of seen) t.like(service?.spec?.secondChance, { choices: 2, seed, hashKey });
  });
}

test('an apply that expects another revision is aborted', async (t) => {
  const api = await openChangesApi(t, text);
  t.is((await refusalOf(apply(api, { ...mail, name: 'web' }, { expectedRevision: '0' }))).code, status.ABORTED);
  t.is((await refusalOf(apply(api, mail, { expectedRevision: 'x' }))).code, status.ABORTED);
  t.is((await apply(api, mail, { expectedRevision: '0' })).service?.spec?.name, 'mail');
});

const bad: readonly (readonly [field: string, what: object])[] = [
  ['service.name', { name: '' }],
  ['service.listeners', { listeners: [] }],
  ['service.listeners[0].vip', { listeners: [{ vip: '198.51.100', port: '25' }] }],
  ['service.listeners[0].port', { listeners: [{ vip: '198.51.100.9', port: '70000' }] }],
  [
    'service.listeners[1].port',
    {
      listeners: [
        { vip: '198.51.100.9', port: '1' },
        { vip: '198.51.100.9', port: 'x' },
      ],
    },
  ],
  ['service.listeners[0].protocol', { listeners: [{ vip: '198.51.100.9', port: '1', protocol: 'http' }] }],
  ['service.method', { method: 'teleport' }],
  ['service.guePort', { guePort: 0 }],
  ['service.gueHeader', { gueHeader: 'x' }],
  ['service.toa', { toa: true }],
  ['service.scheduler', { scheduler: 'x' }],
  ['service.tableRows', { tableRows: 4 }],
  ['service.persistence.timeout', { persistence: { timeout: '5' } }],
  ['service.persistence.netmask', { persistence: { netmask: 33 } }],
  ['service.mssClamp', { mssClamp: 1 }],
  ['service.slowStart', { slowStart: 'soon' }],
  ['service.pinning.hold', { pinning: { hold: '-1s' } }],
  ['service.secondChance.choices', { method: 'gue', secondChance: { choices: 9 } }],
  ['service.secondChance.seed', { method: 'gue', secondChance: { seed: 'x' } }],
  ['service.healthCheck.kind', { healthCheck: { kind: 'ping' } }],
  ['service.healthCheck.interval', { healthCheck: { kind: 'tcp', interval: '1ms' } }],
  ['service.healthCheck.tls.serverName', { healthCheck: { kind: 'https', tls: { serverName: '!' } } }],
  ['service.healthCheck.damping.hold', { healthCheck: { kind: 'tcp', damping: { hold: '9h' } } }],
  ['service.minHealthy', { minHealthy: '101%' }],
  ['service.fallback.address', { fallback: { address: 'x' } }],
  ['service.announce.communities[0]', { announce: { communities: ['x'] } }],
  ['service.announce.nextHop', { announce: { nextHop: '::1' } }],
  ['service.backends[0].address', { backends: [{ address: 'x' }] }],
  ['service.backends[1].weight', { backends: [{ address: 'fd00::1' }, { address: 'fd00::2', weight: 70_000 }] }],
  [
    'service.backends[0].healthCheck.path',
    { healthCheck: { kind: 'http' }, backends: [{ address: 'fd00::1', healthCheck: { path: 'x' } }] },
  ],
  ['service.backends[0].state', { backends: [{ address: 'fd00::1', state: 'filling' }] }],
  ['service.backends', { backends: [] }],
  ['service.discoveryJson', { discoveryJson: '{' }],
];
for (const [field, what] of bad) {
  test(`${JSON.stringify(what)} is refused with the path ${field}`, async (t) => {
    const api = await openChangesApi(t, text);
    const refusal = await refusalOf(apply(api, { ...mail, ...what }));
    t.is(refusal.code, status.INVALID_ARGUMENT);
    t.true(refusal.fields.includes(field), `${refusal.fields.join(', ')}: ${refusal.message}`);
    t.is(api.source.config.services.length, 1);
  });
}

test('services are listed by name, page by page, and by VIP in whatever spelling', async (t) => {
  const api = await openChangesApi(t, text);
  await apply(api, mail);
  const first = await list(api, { pageSize: 1 });
  t.is(first.services[0]?.spec?.name, 'mail');
  const second = await list(api, { pageSize: 1, pageToken: first.nextPageToken });
  t.is(second.services[0]?.spec?.name, 'web');
  t.is(second.nextPageToken, '');
  const ofVip = await list(api, { vip: '2001:DB8:0::25' });
  t.deepEqual(
    ofVip.services.map(({ spec }) => spec?.name),
    ['mail'],
  );
});

test('a watcher is told all there is, then that this was all, then each change', async (t) => {
  const api = await openChangesApi(t, text);
  const stream = api.services.watchServices({ names: [] });
  const events: string[] = [];
  const textOf = ({ event }: WatchServicesResponse) =>
    event?.$case === 'applied' ? `applied ${event.value.spec?.name}` : `${event?.$case} ${String(event?.value)}`;
  let seen = () => {};
  const until = async (count: number) => {
    while (events.length < count) await new Promise<void>((resolve) => (seen = resolve));
  };
  stream.on('data', (answer: WatchServicesResponse) => {
    events.push(textOf(answer));
    seen();
  });
  stream.on('error', () => {});
  await until(2);
  await apply(api, mail);
  await until(3);
  await remove(api, 'mail');
  await until(4);
  stream.cancel();
  t.deepEqual(events, ['applied web', 'isComplete true', 'applied mail', 'deleted mail']);
});
