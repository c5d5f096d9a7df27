import { status } from '@grpc/grpc-js';
import type { NodeConfig } from '@weir/control';
import test from 'ava';
import { AdminError } from './admin-error.js';
import type { Caller, Role } from './caller.js';
import { rolloutsService } from './rollouts-service.js';

/** Of a node without etcd: who is let through hears of that. */
function start(role: Role, spec: unknown): Promise<unknown> {
  const caller: Caller = { name: 'CN=alice', role, signal: new AbortController().signal, audit: () => {} };
  const { methods } = rolloutsService(() => ({}) as NodeConfig);
  const request = { name: 'tonight', specJson: JSON.stringify(spec) };
  return methods.startRollout?.unary?.(request as never, caller) as Promise<unknown>;
}

test('an operator brings no health check, which may be a program, to the nodes by a rollout', async (t) => {
  const healthCheck = { kind: 'script', command: ['/bin/sh'] };
  const backends = { b1: { address: '10.0.0.21' }, b2: { address: '10.0.0.22', healthCheck } };
  const spec = { kind: 'replace-backends', service: 'web', backends };
  const refused = await t.throwsAsync(start('operator', spec), { instanceOf: AdminError });
  t.is(refused?.status, status.PERMISSION_DENIED);
  t.is(refused?.message, 'backends.b2.healthCheck needs the role admin; CN=alice has operator');

  const passes = { code: 'ROLLOUT_NO_ETCD' };
  await t.throwsAsync(start('admin', spec), passes);
  await t.throwsAsync(start('operator', { ...spec, backends: { b1: backends.b1 } }), passes);
  for (const odd of [null, 1, [], { backends: null }, { backends: { b1: null } }]) {
    await t.throwsAsync(start('operator', odd), passes);
  }
});
