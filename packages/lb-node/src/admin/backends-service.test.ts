import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import {
  type ActivateNodeResponse,
  type ApplyBackendResponse,
  BackendSpec,
  type DeleteBackendResponse,
  type DrainNodeResponse,
  HealthVerdict,
  type ListBackendsResponse,
  type ListNodesResponse,
  NodeState,
  Origin,
  type SetBackendWeightResponse,
  type UndrainBackendResponse,
} from '@weir/admin-api';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { answersOf, type ChangesApi, call, openChangesApi, refusalOf } from './changes-api.fixture.js';

const text = `node: { name: lb1, interfaces: [eth0] }
services:
  - name: web
    vip: 198.51.100.1
    port: 80
    scheduler: wrr
    backends:
      - { name: web1, address: 10.0.0.21, weight: 3 } # the big one
      - { name: web2, address: 10.0.0.22 }
    fallback: { address: 10.0.0.99 }
  - name: names
    vip: 2001:db8::53
    protocol: udp
    port: 53
    method: gue
    secondChance: {}
    backends: [{ address: "fd00::1" }, { address: "fd00::2" }]
`;

const list = (api: ChangesApi, service = '', more: object = {}) =>
  call<ListBackendsResponse>((done) =>
    api.backends.listBackends({ service, pageSize: 0, pageToken: '', ...more }, done),
  );
const target = (service: string, backend: string, more: object = {}) => ({
  service,
  backend,
  expectedRevision: '',
  save: false,
  ...more,
});
const drain = (api: ChangesApi, service: string, backend: string, more: object = {}) =>
  answersOf(api.backends.drainBackend({ ...target(service, backend), limit: undefined, ...more }));
const undrain = (api: ChangesApi, service: string, backend: string, more: object = {}) =>
  call<UndrainBackendResponse>((done) => api.backends.undrainBackend(target(service, backend, more), done));
const weigh = (api: ChangesApi, service: string, backend: string, weight: number) =>
  call<SetBackendWeightResponse>((done) =>
    api.backends.setBackendWeight({ ...target(service, backend), weight }, done),
  );
const apply = (api: ChangesApi, service: string, backend: object, more: object = {}) =>
  call<ApplyBackendResponse>((done) =>
    api.backends.applyBackend(
      {
        ...target(service, ''),
        backend: BackendSpec.fromPartial(backend),
        dryRun: false,
        ...more,
      },
      done,
    ),
  );
const remove = (api: ChangesApi, service: string, backend: string) =>
  call<DeleteBackendResponse>((done) => api.backends.deleteBackend(target(service, backend), done));

function counted(activeConnections: number) {
  const count = { packets: 7, bytes: 700, inactiveConnections: 1, newFlows: 1 };
  return [
    {
      vip: '198.51.100.1',
      protocol: 'tcp' as const,
      port: 80,
      packets: 7,
      bytes: 700,
      newFlows: 1,
      backends: [{ ...count, address: '10.0.0.21', port: 0, activeConnections }],
    },
  ];
}

test('backends are listed with weight, traffic, share of rows, health, and the fallback as such', async (t) => {
  const api = await openChangesApi(t, text);
  api.counts = counted(5);
  const { backends } = await list(api, 'web');
  t.deepEqual(
    backends.map(({ spec, isFallback, effectiveWeight }) => [spec?.address, isFallback, effectiveWeight]),
    [
      ['10.0.0.99', true, 0],
      ['10.0.0.21', false, 3],
      ['10.0.0.22', false, 1],
    ],
  );
  const [, web1, web2] = backends;
  t.like(web1, { origin: Origin.FILE, traffic: { packets: 7n, bytes: 700n, activeConnections: 5n } });
  t.is(web1?.health?.verdict, HealthVerdict.UNCHECKED);
  t.is(web1?.rowShare, undefined, 'wrr looks into no row of a hash');
  t.is(web2?.rowShare, undefined);
  const shares = (await list(api, 'names')).backends.map(({ rowShare }) => rowShare ?? 0);
  t.true(
    shares.every((share) => Math.abs(share - 0.5) < 0.05),
    `${shares}`,
  );
  t.is((await refusalOf(list(api, 'none'))).code, status.NOT_FOUND);
  const page = await list(api, '', { pageSize: 4 });
  t.is((await list(api, '', { pageSize: 4, pageToken: page.nextPageToken })).backends.length, 1);
});

test('a drain tells how many connections are left until none is; an undrain restores the weight', async (t) => {
  const api = await openChangesApi(t, text);
  api.counts = counted(2);
  const stream = api.backends.drainBackend({ ...target('web', '10.0.0.21', { save: true }), limit: undefined });
  const answers: { connectionsLeft: bigint; connectionsAtStart: bigint; isDrained: boolean }[] = [];
  const ended = new Promise((resolve) => stream.on('end', resolve));
  stream.on('data', (answer) => answers.push(answer));
  await eventually('the first answer', () => answers.length > 0);
  t.is(api.source.config.services[0]?.backends[0]?.weight, 0);
  t.regex(readFileSync(api.file, 'utf8'), /weight: 3, state: draining \} # the big one/);
  api.counts = counted(0);
  await ended;
  t.like(answers[0], { connectionsLeft: 2n, connectionsAtStart: 2n, isDrained: false });
  t.like(answers.at(-1), { connectionsLeft: 0n, connectionsAtStart: 2n, isDrained: true, countsAll: true });
  t.like(await undrain(api, 'web', 'web1', { save: true }), { backend: { effectiveWeight: 3 }, isInForce: true });
  t.is(readFileSync(api.file, 'utf8'), text);
});

test('a drain ends with its limit, and the backend goes on draining', async (t) => {
  const api = await openChangesApi(t, text);
  api.counts = counted(2);
  const answers = await drain(api, 'web', 'web1', { limit: { seconds: 0n, nanos: 1e6 } });
  t.like(answers.at(-1), { connectionsLeft: 2n, isDrained: false });
  t.is(api.source.config.services[0]?.backends[0]?.weight, 0);
});

test('with second chance a backend drains by its state, and nobody is said to know its connections', async (t) => {
  const api = await openChangesApi(t, text);
  const answers = await drain(api, 'names', 'fd00::2', { limit: { seconds: 0n, nanos: 1e6 } });
  t.false(answers.some(({ isDrained }) => isDrained));
  t.is(api.source.config.services[1]?.backends[1]?.state, 'draining');
  await undrain(api, 'names', 'fd00::2');
  t.is(api.source.config.services[1]?.backends[1]?.state, 'active');
});

test('of flows that the tables alone know nobody says that none is left', async (t) => {
  const api = await openChangesApi(t, text.replace('scheduler: wrr', 'scheduler: mh'));
  const answers = await drain(api, 'web', 'web1');
  t.deepEqual(
    answers.map(({ isDrained, countsAll }) => [isDrained, countsAll]),
    [[false, false]],
  );
  const [, web1, web2] = (await list(api, 'web')).backends;
  t.deepEqual([web1?.rowShare, web2?.rowShare], [0, 1]);
});

test('a backend that does not drain is undrained to what it is, unless its weight is 0', async (t) => {
  const api = await openChangesApi(t, text);
  t.like(await undrain(api, 'web', 'web1'), { backend: { effectiveWeight: 3 } });
  await weigh(api, 'web', 'web1', 0);
  t.is((await refusalOf(undrain(api, 'web', 'web1'))).code, status.FAILED_PRECONDITION);
});

test('a weight is set, and refused where it is more than a weight can be', async (t) => {
  const api = await openChangesApi(t, text);
  t.like(await weigh(api, 'web', 'web2', 9), {
    backend: { effectiveWeight: 9, spec: { weight: 9 } },
    isInForce: true,
  });
  const refusal = await refusalOf(weigh(api, 'web', 'web2', 70_000));
  t.deepEqual(refusal.fields, ['weight']);
});

test('a backend is added, replaced by its address, and deleted', async (t) => {
  const api = await openChangesApi(t, text);
  t.like(await apply(api, 'web', { address: '10.0.0.23' }), {
    backend: { origin: Origin.RUNNING, effectiveWeight: 1, spec: { address: '10.0.0.23' } },
    changes: [{ path: '', beforeJson: '' }],
    isInForce: true,
  });
  const replaced = await apply(api, 'web', { address: '10.0.0.22', weight: 5 });
  t.like(replaced.backend?.spec, { name: 'web2', weight: 5 });
  t.like(replaced.changes, [{ path: 'weight', beforeJson: '', afterJson: '5' }]);
  await remove(api, 'web', '10.0.0.23');
  t.is((await refusalOf(remove(api, 'web', '10.0.0.23'))).code, status.NOT_FOUND);
  t.is((await list(api, 'web')).backends.length, 3);
});

test('what is wrong with a backend is refused by its path', async (t) => {
  const api = await openChangesApi(t, text);
  const fields = async (service: string, backend: object) => (await refusalOf(apply(api, service, backend))).fields;
  t.deepEqual(await fields('web', {}), ['backend.address']);
  t.deepEqual(await fields('web', { address: '10.0.0' }), ['backend.address']);
  t.deepEqual(await fields('web', { address: '198.51.100.1' }), ['backend.address']);
  t.deepEqual(await fields('web', { address: '10.0.0.30', minConnections: 5 }), ['backend.minConnections']);
  t.deepEqual(await fields('web', { address: '10.0.0.30', healthCheck: { kind: 'x' } }), ['backend.healthCheck.kind']);
});

test('who is no backend of its own can not be changed as one', async (t) => {
  const api = await openChangesApi(t, text);
  t.is((await refusalOf(drain(api, 'web', '10.0.0.99'))).code, status.FAILED_PRECONDITION);
  t.is((await refusalOf(drain(api, 'web', '10.0.0.77'))).code, status.NOT_FOUND);
  t.is((await refusalOf(drain(api, 'none', '10.0.0.21'))).code, status.NOT_FOUND);
  await remove(api, 'names', 'fd00::1');
  t.is((await refusalOf(remove(api, 'names', 'fd00::2'))).code, status.FAILED_PRECONDITION);
});

test('a node without etcd knows itself, and is drained and activated', async (t) => {
  const api = await openChangesApi(t, text);
  const { nodes } = await call<ListNodesResponse>((done) => api.nodes.listNodes({ pageSize: 0, pageToken: '' }, done));
  t.like(nodes, [{ name: 'lb1', isThis: true, wantedState: NodeState.ACTIVE }]);
  const drained = await call<DrainNodeResponse>((done) => api.nodes.drainNode({ name: '' }, done));
  t.is(drained.node?.wantedState, NodeState.DRAINING);
  t.is(api.source.config.node.wantedState, 'draining');
  const active = await call<ActivateNodeResponse>((done) => api.nodes.activateNode({ name: 'lb1' }, done));
  t.is(active.node?.wantedState, NodeState.ACTIVE);
  t.is(
    (await refusalOf(call<DrainNodeResponse>((done) => api.nodes.drainNode({ name: 'lb9' }, done)))).code,
    status.NOT_FOUND,
  );
});
