import test from 'ava';
import { CheckedStream, CONNECTIONS_MAX } from './checked-stream.js';

const BYTES = 200;

function ends(connection = 7) {
  return {
    client: new CheckedStream(connection, 'client', BYTES),
    server: new CheckedStream(connection, 'server', BYTES),
  };
}

/** More than the pattern is long. */
function messages(stream: CheckedStream, count = 1000): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => stream.nextMessage()));
}

for (const pieceBytes of [1, 3, 199, 200, 201, 65_536]) {
  test(`what one end sends the other finds right, in pieces of ${pieceBytes} bytes`, (t) => {
    const { client, server } = ends();
    const sent = messages(client);
    for (let at = 0; at < sent.length; at += pieceBytes) {
      t.is(server.receive(sent.subarray(at, at + pieceBytes)), undefined);
    }
    t.deepEqual([client.sent, server.received], [1000 * BYTES, 1000 * BYTES]);
  });
}

test('an end knows what of its own has arrived from the next message that it gets', (t) => {
  const { client, server } = ends();
  server.receive(messages(client, 3));
  t.is(client.confirmed, 0);
  client.receive(server.nextMessage());
  t.is(client.confirmed, 3 * BYTES);
});

test('a changed byte is found, wherever it is', (t) => {
  for (let at = 4; at < BYTES; at++) {
    const { client, server } = ends();
    const message = client.nextMessage();
    message[at] = ((message[at] as number) + 1) & 0xff;
    t.regex(server.receive(message) ?? '', new RegExp(`^at ${at}: expected the byte `));
  }
});

test('a message that is left out or repeated is found', (t) => {
  const { client, server } = ends();
  const first = client.nextMessage();
  t.truthy(server.receive(client.nextMessage()));
  const repeated = ends().server;
  t.is(repeated.receive(first), undefined);
  t.truthy(repeated.receive(first));
});

test("no stream begins like another connection's or like the other end's", (t) => {
  const begins = Array.from({ length: CONNECTIONS_MAX }, (_, connection) => Object.values(ends(connection)))
    .flat()
    .map((stream) => stream.nextMessage().subarray(4).toString('latin1'));
  t.is(new Set(begins).size, begins.length);
});

test('a count of bytes that were never sent is wrong', (t) => {
  const { client } = ends();
  const { client: other, server } = ends();
  server.receive(messages(other, 2));
  t.is(client.receive(server.nextMessage()), `at 0: expected a count of 0 to 0, found ${2 * BYTES}`);
});
