import test from 'ava';
import { service } from 'grpc-health-check';
import { run, type Services } from '../test-support/asked-api.js';

const saying = (status: string): Services => [[service as never, { Check: () => ({ status }) }]];

test.serial('a node that serves ends it with 0', async (t) => {
  const { status, stdout } = await run(saying('SERVING'), ['health']);
  t.is(status, 0);
  t.is(stdout, 'SERVING\n');
});

test.serial('a node that starts or leaves ends it with 69, and with 0 if it is only to be alive', async (t) => {
  const { status, stderr } = await run(saying('NOT_SERVING'), ['health']);
  t.is(status, 69);
  t.is(stderr, 'weirctl: the node says NOT_SERVING: it starts, or leaves; its log says more\n');
  t.is((await run(saying('NOT_SERVING'), ['health', '--alive'])).status, 0);
});

test.serial('where no node answers, nothing is alive', async (t) => {
  const { status, stderr } = await run([], ['health', '--alive', '--address', 'unix:/nowhere/admin.sock']);
  t.is(status, 69);
  t.regex(stderr, /nobody listens/);
});
