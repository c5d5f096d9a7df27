import { WeirError } from '@weir/errors';
import test from 'ava';
import { ExitCode, exitCodeOf } from './exit-code.js';

const table = { CONFIG_INVALID: ExitCode.config };

test('an error ends the process with the code that the table has for it', (t) => {
  t.is(exitCodeOf(new WeirError('CONFIG_INVALID', 'no'), table), 78);
});

test('the cause of an error that the table does not know decides', (t) => {
  const cause = new WeirError('CONFIG_INVALID', 'no');
  t.is(exitCodeOf(new Error('start failed', { cause }), table), 78);
});

test('what nobody knows is a plain failure', (t) => {
  t.is(exitCodeOf(new Error('x'), table), 1);
  t.is(exitCodeOf('x', table), 1);
});
