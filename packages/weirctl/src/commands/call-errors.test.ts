import { status } from '@grpc/grpc-js';
import { ServicesService } from '@weir/admin-api';
import test from 'ava';
import { Refusal } from '../test-support/api-server.js';
import { run } from '../test-support/asked-api.js';
import { weirctlAt } from '../test-support/run-weirctl.js';

for (const [code, exit, message] of [
  [status.PERMISSION_DENIED, 77, 'needs the role operator'],
  [status.NOT_FOUND, 1, 'there is no service wbe'],
  [status.ABORTED, 1, 'the service has revision 18, not 17; look at what it is now, and try again'],
] as const) {
  test.serial(`a call that ends with ${status[code]} ends the command with ${exit}`, async (t) => {
    const getService = () => {
      throw new Refusal(code, message.replace('; look at what it is now, and try again', ''));
    };
    const { status: ended, stderr } = await run([[ServicesService, { getService }]], ['services', 'wbe']);
    t.is(ended, exit);
    t.is(stderr, `weirctl: ${message}\n`);
  });
}

test.serial('a node that nobody runs is said to be so, with 69', async (t) => {
  const { status: code, stderr } = await weirctlAt('unix:/nowhere/admin.sock', ['nodes']);
  t.is(code, 69);
  t.regex(stderr, /nobody listens at unix:\/nowhere\/admin.sock; is the node running\?/);
});

test.serial('a node that is older than the command is said to be so', async (t) => {
  const { status: code, stderr } = await run([[ServicesService, {}]], ['services']);
  t.is(code, 69);
  t.regex(stderr, /does not know this/);
});
