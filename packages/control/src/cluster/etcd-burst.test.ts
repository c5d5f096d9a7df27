import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { connectEtcd } from '../etcd/etcd-connection.js';
import { EtcdServer } from '../test-support/etcd-server.js';
import { openSource } from '../test-support/open-source.js';

const PREFIX = '/weir/v1/main';
const backend = (number: number) => `{"address": "10.1.${number >> 8}.${number & 255}"}`;

async function connect(server: EtcdServer) {
  return connectEtcd({ timeoutMs: 5000 }, server.endpoint);
}

async function putService({ client }: Awaited<ReturnType<typeof connect>>) {
  await client.put(`${PREFIX}/services/web`).value(JSON.stringify({ vip: '198.51.100.10', port: 80 }));
}

test.serial('1,000 puts at once are told in few changes, the last of which has them all', async (t) => {
  await using server = await EtcdServer.start();
  using connection = await connect(server);
  await putService(connection);
  await using opened = await openSource({ endpoints: [server.endpoint] });
  const start = performance.now();
  await Promise.all(
    Array.from({ length: 1000 }, (_, number) =>
      connection.client.put(`${PREFIX}/backends/web/b${number}`).value(backend(number)),
    ),
  );
  await eventually('all of them', () => opened.config.services[0]?.backends.length === 1000);
  const elapsedMs = performance.now() - start;
  t.log(`${opened.events.length} changes in ${elapsedMs.toFixed(0)} ms`);
  // One at the begin, and one each time that changes were gathered for 20 ms; a timer may be 1 ms early.
  t.true(opened.events.length <= elapsedMs / 19 + 2);
});

test.serial('10,000 backends are loaded from etcd, and the log says how long that takes', async (t) => {
  await using server = await EtcdServer.start();
  using connection = await connect(server);
  await putService(connection);
  for (let first = 0; first < 10_000; first += 100) {
    const puts = Array.from({ length: 100 }, (_, at) => ({
      request_put: {
        key: Buffer.from(`${PREFIX}/backends/web/b${first + at}`),
        value: Buffer.from(backend(first + at)),
      },
    }));
    await connection.client.kv.txn({ success: puts });
  }
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  await using opened = await openSource({ endpoints: [server.endpoint], more: 'dataplane: { maxBackends: 16384 }' });
  const { user, system } = process.cpuUsage(cpuStart);
  const cpuMs = (user + system) / 1000;
  t.log(`${(performance.now() - start).toFixed(0)} ms, ${cpuMs.toFixed(0)} of them at work`);
  t.is(opened.config.services[0]?.backends.length, 10_000);
});
