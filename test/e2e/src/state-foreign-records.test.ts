import { PacketCapture, standardCluster } from '@weir/lab';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { goOn, isReset, reportOf } from './unharmed.js';

const { vip } = standardCluster();

/** What is done to the records of flows, one kind to each in turn; the last kind leaves a record as it is. */
const DAMAGE = `
local kinds = {
  function(key, value) return '' end,
  function(key, value) return string.rep(string.char(255), #value) end,
  function(key, value) return string.char(0) .. string.sub(value, 2) end,
  function(key, value) return string.char(2) .. string.sub(value, 2) end,
  function(key, value) return string.sub(value, 1, 9) end,
  function(key, value) return value .. value .. value .. value end,
  function(key, value) return string.sub(value, 1, -5) .. string.char(10, 0, 0, 5) end,
  function(key, value, other) return other end,
  function(key, value) redis.call('DEL', key) redis.call('RPUSH', key, value) return nil end,
  function(key, value) redis.call('SET', 'other:' .. string.sub(key, 6), value) return value end,
}
local keys, damaged, other = redis.call('KEYS', 'weir:*'), 0, ''
for _, key in ipairs(keys) do
  if string.sub(key, 6, 10) ~= 'node:' then
    local value = redis.call('GET', key)
    local new = kinds[damaged % #kinds + 1](key, value, other)
    if new then redis.call('SET', key, new, 'EX', 600) end
    other = value
    damaged = damaged + 1
  end
end
return damaged`.replaceAll('\n', ' ');

testAsRoot(
  'garbage, old versions and records of others in Redis are ignored, and lead to no wrong backend',
  async (t) => {
    await using sharing = await SharingCluster.start({
      nodes: 2,
      backends: 2,
      services: servicesOfMethod('ipip'),
      holdSeconds: 3,
    });
    const connections = await sharing.open({ address: vip.ipv4, count: 200 });
    await sharing.waitForShared(200);
    const [ofNode1, ofNode2] = [await sharing.connectionsOf('node1'), await sharing.connectionsOf('node2')];
    t.is(await sharing.redis.command('EVAL', DAMAGE, '0'), '200');
    // The host of Redis is what some records now name as their backend.
    await using stray = await PacketCapture.start(sharing.weir.lab.host('redis'), {
      interface: 'lan',
      filter: 'ip proto 4',
    });
    await sharing.weir.lab.host('node1').crash();
    await goOn(t, sharing, [connections]);
    const { alive, mismatches, lost } = await reportOf([connections]);
    t.log(`node1 had ${ofNode1} of 200 connections; ${lost.length} were lost, with nine of ten records damaged`);
    t.true(lost.length > 0 && lost.length < ofNode1, `${lost.length} of ${ofNode1} were lost`);
    t.true(lost.every(isReset), JSON.stringify(lost));
    t.true(alive > ofNode2, 'some records were left as they were, and some connections are where the row has them');
    t.deepEqual([mismatches, sharing.mismatches, stray.packets], [0, [], []]);
    const { store, takeover } = await sharing.countersOf('node2');
    t.log(`node2 has counted ${JSON.stringify({ store, takeover })}`);
    t.true(store.foreign > 0, 'records that are none were counted');
    t.true(
      (takeover.settled.no_backend ?? 0) > 0,
      'records with a backend that the service does not have were counted',
    );
    t.is(sharing.node('node2').process.end, undefined, 'node2 runs');
  },
);
