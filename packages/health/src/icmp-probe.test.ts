import test from 'ava';
import { ip, serialInPrivateNetwork } from './test-support/private-network.js';
import { probeOnce } from './test-support/probe-once.js';

const call = serialInPrivateNetwork(test);
const icmp = { kind: 'icmp' } as const;

for (const address of ['127.0.0.1', '::1']) {
  call(`a host that answers echoes at ${address} is well`, async (t) => {
    t.deepEqual(await probeOnce(icmp, { address, port: 0 }), { isWell: true, reason: 'echo reply' });
  });

  call(`of many echoes at once to ${address} each finds its own reply`, async (t) => {
    const all = await Promise.all(Array.from({ length: 200 }, () => probeOnce(icmp, { address, port: 0 })));
    t.true(all.every(({ isWell }) => isWell));
  });
}

for (const address of ['192.0.2.1', '2001:db8::1']) {
  call(`without a route to ${address} the reason says so`, async (t) => {
    const { isWell, reason } = await probeOnce(icmp, { address, port: 0 });
    t.false(isWell);
    t.regex(reason, /network is unreachable/i);
  });
}

call('a host that drops echoes is down with how long it was waited for', async (t) => {
  ip('link add probing type veth peer name silent');
  ip('link set probing up');
  ip('link set silent up');
  ip('addr add 10.77.0.1/24 dev probing');
  ip('neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev probing');
  const found = await probeOnce(icmp, { address: '10.77.0.2', port: 0 }, 100);
  t.deepEqual(found, { isWell: false, reason: 'no answer within 100 ms' });
});
