import test from 'ava';
import { flowsArgument } from './flows-argument.js';

test('flows are a total, or repeated numbers of members, whose names may hold an equals sign', (t) => {
  t.is(flowsArgument('200000', undefined), 200_000);
  const some = flowsArgument('web1=5', undefined);
  t.deepEqual(
    flowsArgument('a=b=7', some),
    new Map([
      ['web1', 5],
      ['a=b', 7],
    ]),
  );
});

test('a total and members do not go together', (t) => {
  t.throws(() => flowsArgument('5', new Map([['web1', 5]])), { message: /stands alone/ });
  t.throws(() => flowsArgument('web1=5', 5), { message: /together, or of each by its name/ });
  t.throws(() => flowsArgument('many', undefined), { message: /Write a number, or a member with its number/ });
});
