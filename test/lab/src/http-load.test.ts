import { HttpLoad } from './http-load.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';

testAsRoot('a connection that breaks within an answer is a request that failed', async (t) => {
  await using lab = await Lab.start(pair);
  const program = `
import socket
server = socket.create_server(("", 80))
while True:
    client, _ = server.accept()
    client.recv(999)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 99\\r\\n\\r\\n{")
    client.close()
`;
  await lab.host('right').spawn('/usr/bin/python3', ['-c', program]).waitForListening(80);
  const options = { url: 'http://10.9.0.2/', requestsPerSecond: 100, requests: 3 };
  t.like(await HttpLoad.run(lab.host('left'), options), { requests: 3, errors: { 'ended within the answer': 3 } });
});

testAsRoot('who waits for a result is told when the client has ended', async (t) => {
  await using lab = await Lab.start(pair);
  const load = HttpLoad.start(lab.host('left'), { url: 'http://10.9.0.2/', requestsPerSecond: 100, requests: 1 });
  await load.nextResult();
  await t.throwsAsync(load.nextResult(), { code: 'LAB_PROCESS_ENDED' });
});
