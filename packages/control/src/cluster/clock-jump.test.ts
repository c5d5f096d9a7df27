import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { nodeRecord, openSource } from '../test-support/open-source.js';

const HOUR_MS = 3_600_000;
const KEY = '/weir/v1/main/nodes/lb1';

/** In a file of its own: the clock is that of the whole process. */
test.serial('a clock that jumps, ahead or back, costs neither the lease nor the watch', async (t) => {
  const now = Date.now;
  t.teardown(() => {
    Date.now = now;
  });
  await using server = await EtcdServer.start();
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 6s'] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  await eventually('the key', () => server.etcdctl('get', KEY));
  const [, madeAt] = /"mod_revision":(\d+)/.exec(await server.etcdctl('get', '-w', 'json', KEY)) ?? [];
  for (const jumpMs of [HOUR_MS, -HOUR_MS]) {
    Date.now = () => now() + jumpMs;
    // Longer than the lease: it is prolonged or gone.
    const until = performance.now() + 7000;
    await eventually('the lease to need prolonging', () => performance.now() > until);
    const address = `10.0.0.${jumpMs > 0 ? 21 : 22}`;
    await server.etcdctl(
      'put',
      '/weir/v1/main/services/web',
      `{"vip": "198.51.100.10", "port": 80, "backends": [{"address": "${address}"}]}`,
    );
    await opened.until(address);
  }
  const [, revision] = /"mod_revision":(\d+)/.exec(await server.etcdctl('get', '-w', 'json', KEY)) ?? [];
  t.is(revision, madeAt);
  t.deepEqual(opened.log.lines, []);
});
