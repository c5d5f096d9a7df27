import { status } from '@grpc/grpc-js';
import { ServicesService, TraceService } from '@weir/admin-api';
import test from 'ava';
import { ApiServer, Refusal } from '../test-support/api-server.js';
import { run, unanswered } from '../test-support/asked-api.js';
import { MuteRelay } from '../test-support/mute-relay.js';
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

test.serial('a stream of a node that is gone without a word ends with 69', async (t) => {
  const silent = unanswered();
  await using server = await ApiServer.open([[TraceService, { capturePackets: silent.answer }]]);
  await using relay = await MuteRelay.open(server.address.slice('unix:'.length));
  void silent.asked.then(() => relay.mute());
  const { status: code, stderr } = await weirctlAt(relay.address, ['capture']);
  t.is(code, 69);
  t.regex(stderr, /can't be reached/);
});
