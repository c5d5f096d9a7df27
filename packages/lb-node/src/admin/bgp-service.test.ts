import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { Override } from '@weir/admin-api';
import test from 'ava';
import { figures } from '../test-support/figures.js';
import type { AdminError } from './admin-error.js';
import { type BgpFigures, bgpService } from './bgp-service.js';
import type { AuditedChange, Caller } from './caller.js';

const audited: AuditedChange[] = [];
const caller: Caller = {
  name: 'uid 0',
  role: 'admin',
  signal: new AbortController().signal,
  audit: (change) => audited.push(change),
};

async function call(read: BgpFigures, method: string, request: object = {}): Promise<Record<string, never>> {
  const { unary } = bgpService(async () => read).methods[method] ?? {};
  return (await unary?.(request as never, caller)) as Record<string, never>;
}

const routeOf = ({ routes }: Record<string, never>, prefix: string) =>
  (routes as unknown as { prefix: string }[]).find((route) => route.prefix === prefix);

test('a VIP that is silent has the reason that names it, a local address is told too', async (t) => {
  const silence = [
    '198.51.100.10, 2001:db8::10: service mail has no healthy backend',
    '2001:db8::10: an operator turned it off',
  ];
  const answer = await call({ ...figures.node, silence }, 'listRoutes');

  t.like(routeOf(answer, '198.51.100.10/32'), { isAnnounced: true, reason: '', override: Override.AUTO });
  t.like(routeOf(answer, '2001:db8::10/128'), {
    isAnnounced: false,
    reason: 'service mail has no healthy backend; an operator turned it off',
    override: Override.OFF,
    services: ['mail "quoted"'],
  });
  t.like(routeOf(answer, '10.0.0.111/32'), { isAnnounced: true, services: [] });
});

test('what holds for the whole node is the reason of a VIP that none names', async (t) => {
  const answer = await call({ ...figures.node, announced: [], silence: ['the node is draining'] }, 'listRoutes');

  t.like(routeOf(answer, '198.51.100.10/32'), { isAnnounced: false, reason: 'the node is draining' });
});

test('while gobgpd is down no peer is up, nothing is announced, and both say why', async (t) => {
  const speaker = { gobgpd: { kind: 'down', reason: 'killed by SIGSEGV' }, peers: [], announced: [] } as const;
  const read = { ...figures.node, speaker };

  t.deepEqual((await call(read, 'listPeers')).peers?.[0], {
    address: '10.0.0.1',
    asn: 64500,
    state: 'idle',
    since: undefined,
    reason: 'gobgpd is down: killed by SIGSEGV',
    announced: 0,
  });
  t.like(routeOf(await call(read, 'listRoutes'), '198.51.100.10/32'), {
    isAnnounced: false,
    reason: 'gobgpd is down: killed by SIGSEGV',
  });
});

test('without bgp a node has neither peers nor routes, and says so', async (t) => {
  const { bgp: _, ...config } = figures.node.config;
  const error = await t.throwsAsync<AdminError>(call({ ...figures.node, config }, 'listPeers'));

  t.is(error.code, 'NO_BGP');
  t.is(error.status, status.FAILED_PRECONDITION);
});

test('an override is kept in the file and audited; one of a VIP that nobody has is refused', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-overrides-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const overridesFile = join(directory, 'announce.json');
  const { config } = figures.node;
  const own = { ...config, bgp: { ...(config.bgp as NonNullable<typeof config.bgp>), overridesFile } };
  const read = { ...figures.node, config: own };

  await call(read, 'setOverride', { vip: '2001:DB8::0010', override: Override.OFF });
  t.deepEqual(JSON.parse(await readFile(overridesFile, 'utf8')), { '2001:db8::10': 'off' });
  t.deepEqual(audited, [{ target: 'vip 2001:db8::10', before: 'auto', after: 'off' }]);

  const unknown = { vip: '203.0.113.9', override: Override.ON };
  const error = await t.throwsAsync<AdminError>(call(read, 'setOverride', unknown));
  t.is(error.status, status.NOT_FOUND);
  const wrong = { vip: '198.51.100.10', override: Override.UNSPECIFIED };
  t.is((await t.throwsAsync<AdminError>(call(read, 'setOverride', wrong))).violations[0]?.field, 'override');
});
