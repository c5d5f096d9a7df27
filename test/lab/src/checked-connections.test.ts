import { CheckedConnections, startCheckedServer } from './checked-connections.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';
import { waitUntil } from './wait-until.js';

for (const [family, address] of [
  ['ipv4', '10.9.0.2'],
  ['ipv6', 'fd00:9::2'],
] as const) {
  testAsRoot(`${family}: 1,000 connections move data both ways, steadily`, async (t) => {
    await using lab = await Lab.start(pair);
    const server = await startCheckedServer(lab.host('right'));
    await using connections = await CheckedConnections.open(lab.host('left'), { address, count: 1000 });
    const { alive, lost, mismatches, sentBytes, receivedBytes, pausesMs } = await waitUntil(
      'a time in which no connection paused for long',
      async () => {
        await connections.roundTrip();
        const report = await connections.report();
        return report.pausesMs.max < 1000 ? report : undefined;
      },
    );
    t.deepEqual([alive, lost, mismatches], [1000, 0, 0]);
    t.true(sentBytes >= 400_000 && receivedBytes >= 400_000, `${sentBytes} bytes sent, ${receivedBytes} received`);
    t.true(pausesMs.max > 50, `pauses of ${JSON.stringify(pausesMs)} ms`);
    t.deepEqual([connections.backends, server.mismatches], [{ right: 1000 }, []]);
  });
}

testAsRoot('a cable that is pulled is a pause of all connections, and none is lost', async (t) => {
  await using lab = await Lab.start(pair);
  await startCheckedServer(lab.host('right'));
  await using connections = await CheckedConnections.open(lab.host('left'), { address: '10.9.0.2', count: 20 });
  await connections.mark();
  await lab.host('right').link().down();
  await connections.mark();
  const error = await t.throwsAsync(connections.allMoved({ timeoutMs: 500 }), { code: 'LAB_DEADLINE_PASSED' });
  t.regex(error?.message ?? '', /"alive":20,"unmoved":20,/);
  await lab.host('right').link().up();
  await connections.allMoved();
  const { lost, pausesMs } = await connections.report();
  t.is(lost, 0);
  t.true(pausesMs.p50 >= 500, `pauses of ${JSON.stringify(pausesMs)} ms`);
});

testAsRoot('connections whose server is killed are lost, and none is waited for', async (t) => {
  await using lab = await Lab.start(pair);
  const server = await startCheckedServer(lab.host('right'));
  await using connections = await CheckedConnections.open(lab.host('left'), { address: '10.9.0.2', count: 20 });
  await connections.mark();
  server.process.kill();
  await server.process.exited;
  await connections.roundTrip();
  const { alive, lost, mismatches } = await connections.report();
  t.deepEqual([alive, lost, mismatches], [0, 20, 0]);
  t.deepEqual(new Set(connections.lost.map(({ backend }) => backend)), new Set(['right']));
});

testAsRoot('connections that nobody takes are lost, with the reason', async (t) => {
  await using lab = await Lab.start(pair);
  await using connections = await CheckedConnections.open(lab.host('left'), { address: '10.9.0.2', count: 2 });
  t.deepEqual(connections.lost.map(({ connection, lost }) => [connection, lost]).sort(), [
    [0, 'connect ECONNREFUSED 10.9.0.2:9'],
    [1, 'connect ECONNREFUSED 10.9.0.2:9'],
  ]);
});
