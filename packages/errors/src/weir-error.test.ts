import test from 'ava';
import { WeirError } from './weir-error.js';

class ProbeError extends WeirError {}

test('an error is named after its class and keeps code, details and cause', (t) => {
  const cause = new Error('ENOENT');
  const error = new ProbeError('PROBE_FAILED', 'no answer', { cause, details: { port: 80 } });
  t.is(error.name, 'ProbeError');
  t.is(error.code, 'PROBE_FAILED');
  t.deepEqual(error.details, { port: 80 });
  t.is(error.cause, cause);
  t.true(error instanceof Error);
});

test('an error without a cause has no cause property that logs would print', (t) => {
  t.false('cause' in new WeirError('X', 'y'));
});
