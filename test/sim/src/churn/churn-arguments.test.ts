import test from 'ava';
import { parseChurnArguments } from './churn-arguments.js';

const refused = test.macro({
  title: (_, args: string) => `"${args}" is refused, and the message says what is wrong`,
  exec(t, args: string, message: RegExp) {
    t.throws(() => parseChurnArguments(args.split(' ')), { code: 'OPTION_INVALID', message });
  },
});

test(refused, '--flows none', /--flows takes a whole number from 1 to 20000000, and "none" is none/);
test(refused, '--flows 0', /--flows .*"0"/);
test(refused, '--nodes 1', /--nodes takes a whole number from 2 /);
test(refused, '--members 3.5', /--members .*"3\.5"/);
test(refused, '--seed=-1', /--seed .*"-1"/);
test(refused, '--choices 5', /--choices takes a whole number from 2 to 4/);
test(refused, '--events explode', /--events: "explode" .* none of add, drain, crash, /);
test(refused, '--events add,', /--events: "" /);
test(refused, '--events add:0', /--events: "add:0"/);
test(refused, '--events crash:101%', /--events: "crash:101%"/);
test(refused, '--events rehash:2', /--events: "rehash:2".* takes no amount/);
test(refused, '--unknown', /--unknown/);

test('events are read as people write them: commas part them, a plus joins what happens at once', (t) => {
  const { options } = parseChurnArguments(['--events', 'add,drain:2+node-crash:5%', '--seed', '7']);
  t.is(options.seed, 7);
  t.deepEqual(options.events, [
    { name: 'add', changes: [{ kind: 'add', amount: { count: 1 } }] },
    {
      name: 'drain:2+node-crash:5%',
      changes: [
        { kind: 'drain', amount: { count: 2 } },
        { kind: 'node-crash', amount: { percent: 5 } },
      ],
    },
  ]);
});
