import type { PlanChangeResponse } from '@weir/admin-api';
import type { NodeConfig } from '@weir/control';
import { parseNodeConfig } from '@weir/control';
import type { TableInForce } from '@weir/dataplane';
import test from 'ava';
import { AdminError } from './admin-error.js';
import type { Caller } from './caller.js';
import { directorService } from './director-service.js';

const backends = (count: number) => Array.from({ length: count }, (_, i) => `{ address: 10.0.0.${i + 1} }`).join(', ');
const config: NodeConfig = parseNodeConfig(
  `node: { interfaces: [eth0], address: 10.0.0.250 }
services:
  - { name: web, vip: 198.51.100.1, port: 80, tableRows: 65537, backends: [ ${backends(10)} ] }
  - { name: glb, vip: 198.51.100.2, port: 80, method: gue, secondChance: {}, backends: [ ${backends(4)} ] }
  - { name: least, vip: 198.51.100.3, port: 80, method: ipip, scheduler: wlc, backends: [ ${backends(2)} ] }
`,
  'weir.yaml',
);
const inForce: TableInForce = {
  listeners: [{ vip: '198.51.100.1', protocol: 'tcp', port: 80 }],
  backends: [
    { address: '10.0.0.1', port: 0 },
    { address: '10.0.0.2', port: 0 },
  ],
  rows: Int32Array.of(0, 1, 1, -1),
  keptRows: [2],
};
const caller: Caller = { name: 'a test', role: 'viewer', signal: new AbortController().signal, audit: () => {} };

function call<Answer>(method: string, request: object, tables = new Map([['198.51.100.1:80/tcp', inForce]])) {
  const { methods } = directorService({ dataplane: { tablesInForce: () => tables }, config: () => config });
  return methods[method]?.unary?.(request as never, caller) as Promise<Answer>;
}

const planned = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, i) => ({ address: `10.0.0.${i + 1}`, port: 0, weight, state: '' }));

test('a table is told with the rows that lead to each member', async (t) => {
  t.like(await call('listTables', { service: 'web' }), {
    tables: [
      {
        service: 'web',
        scheduler: 'mh',
        rows: 4,
        choices: 1,
        keptRows: 1,
        members: [
          { address: '10.0.0.1', port: 0, firstRows: 1, secondRows: 0 },
          { address: '10.0.0.2', port: 0, firstRows: 2, secondRows: 0 },
        ],
      },
    ],
  });
});

test('the digest is the same whatever the order of the backends, and another for other rows', async (t) => {
  const digest = async (table: Partial<TableInForce>) => {
    const tables = new Map([['198.51.100.1:80/tcp', { ...inForce, ...table }]]);
    return (await call<{ tables: { digest: string }[] }>('listTables', { service: 'web' }, tables)).tables[0]?.digest;
  };
  const turned = { backends: [...inForce.backends].reverse(), rows: Int32Array.of(1, 0, 0, -1) };
  t.is(await digest(turned), await digest({}));
  t.not(await digest({ rows: Int32Array.of(0, 0, 1, -1) }), await digest({}));
});

test('one more backend takes its share of rows, and little else moves', async (t) => {
  const plan = await call<PlanChangeResponse>('planChange', { service: 'web', backends: planned(11) });
  t.is(plan.rows, 65_537);
  const added = plan.members.find(({ address }) => address === '10.0.0.11');
  t.is(added?.rowsBefore, 0);
  t.true(plan.rowsMoved >= plan.rowsMovedAtLeast);
  t.true(plan.rowsMoved < 2 * (added?.rowsAfter ?? 0));
});

test('the same backends move nothing', async (t) => {
  t.is((await call<PlanChangeResponse>('planChange', { service: 'web', backends: planned(10) })).rowsMoved, 0);
  t.is((await call<PlanChangeResponse>('planChange', { service: 'glb', backends: planned(4) })).rowsMoved, 0);
});

test('a backend that drains leaves first place in rows of second chance', async (t) => {
  const [first, ...others] = planned(4);
  const request = { service: 'glb', backends: [{ ...first, state: 'draining' }, ...others] };
  const plan = await call<PlanChangeResponse>('planChange', request);
  t.is(plan.members.find(({ address }) => address === '10.0.0.1')?.rowsAfter, 0);
});

test('a service without a table has nothing to plan', async (t) => {
  const error = await t.throwsAsync(call('planChange', { service: 'least', backends: planned(1) }));
  t.regex(error?.message ?? '', /scheduled by wlc, which has no table/);
});

test('each wrong value is named with its field', async (t) => {
  const wrong = { address: 'x', port: 65_536, weight: 65_536, state: 'up' };
  const request = { service: 'web', backends: [wrong, ...planned(1), ...planned(1)] };
  const error = await t.throwsAsync(call('planChange', request), { instanceOf: AdminError });
  t.deepEqual(
    error?.violations.map(({ field }) => field),
    ['address', 'port', 'weight', 'state'].map((key) => `backends[0].${key}`).concat('backends[2].address'),
  );
  const unknown = await t.throwsAsync(call('listTables', { service: 'wbe' }));
  t.is(unknown?.message, 'there is no service wbe');
});
