import test from 'ava';
import { bytesOf, tablesWith, ticksIn } from '../portable/test-support/engine.js';
import { attemptCases } from '../test-support/attempt-cases.js';
import { enterPrivateNamespaces, ip, isRoot, linkPair } from '../test-support/private-namespaces.js';
import { XdpDataplane } from './xdp-dataplane.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
let ifindex = 0;

test.before(async () => {
  if (!isRoot) return;
  enterPrivateNamespaces();
  await linkPair('eth0', 'peer0', '02:00:00:00:00:bb');
  ip('addr add 10.0.0.11/24 dev eth0');
  ip('neigh add 10.0.0.21 lladdr 02:00:00:00:00:aa dev eth0');
  ifindex = Number(ip('-o link show eth0').split(':')[0]);
});

for (const [i, [title, frames, expected]] of attemptCases.entries()) {
  testAsRoot(title, async (t) => {
    const pinDirectory = `/sys/fs/bpf/attempts-${i}`;
    t.teardown(() => XdpDataplane.remove(pinDirectory));
    await using plane = XdpDataplane.open({
      interfaces: [],
      mode: 'auto',
      pinDirectory,
      clock: 'manual',
      limits: { services: 4, backends: 16, rows: 1024 },
    });
    const to = { address: '10.0.0.21', port: 8080 };
    await plane.apply(tablesWith([{ forwarding: { method: 'nat' }, backends: [to], watched: true }]));
    for (const [second, frame] of frames) {
      plane.setClock(ticksIn(100 + second));
      plane.testRun(bytesOf(frame), { ingressIfindex: ifindex });
    }
    t.deepEqual((await plane.counters()).services[0]?.backends[0]?.attempts, expected);
  });
}
