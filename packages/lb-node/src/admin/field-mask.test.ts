import { ServiceSpec } from '@weir/admin-api';
import test from 'ava';
import { AdminError } from './admin-error.js';
import { withFields } from './field-mask.js';

const empty = ServiceSpec.fromPartial({ pinning: {}, healthCheck: { tls: {} } });
const old = ServiceSpec.fromPartial({ name: 'web', method: 'nat', healthCheck: { kind: 'tcp', interval: '2s' } });
const other = ServiceSpec.fromPartial({ name: 'web', scheduler: 'lc', healthCheck: { interval: '5s' } });

test('only the fields of the mask are taken, one that is absent there among them', (t) => {
  const merged = withFields(old, other, ['scheduler', 'method'], empty);
  t.like(merged, { scheduler: 'lc', method: undefined, healthCheck: { kind: 'tcp', interval: '2s' } });
});

for (const path of ['health_check.interval', 'healthCheck.interval']) {
  test(`${path} leaves the rest of the check as it is`, (t) => {
    t.like(withFields(old, other, [path], empty).healthCheck, { kind: 'tcp', interval: '5s' });
  });
}

test('a path that is no field is refused by its name', (t) => {
  const error = t.throws(() => withFields(old, other, ['methud', 'scheduler'], empty), { instanceOf: AdminError });
  t.is(error?.violations.length, 1);
  t.regex(error?.message ?? '', /"methud"/);
});

for (const path of [
  'health_check.intervall',
  'scheduler.x',
  'backends.weight',
  'constructor',
  'pinning.constructor',
  '',
]) {
  test(`${JSON.stringify(path)} is refused, for it is no field`, (t) => {
    const error = t.throws(() => withFields(old, other, [path], empty), { instanceOf: AdminError });
    t.true(error?.message.includes(JSON.stringify(path)));
  });
}

test('a field that is absent in a message that is absent makes no message', (t) => {
  t.is(withFields(old, other, ['pinning.hold'], empty).pinning, undefined);
  const pinned = ServiceSpec.fromPartial({ pinning: { hold: '5s' } });
  t.like(withFields(old, pinned, ['pinning.hold'], empty).pinning, { hold: '5s' });
  t.like(withFields(pinned, other, ['pinning.hold'], empty).pinning, { hold: undefined });
});
