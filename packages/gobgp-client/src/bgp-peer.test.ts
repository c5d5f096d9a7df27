import test from 'ava';
import { type BgpPeer, completePeer } from './bgp-peer.js';

const bare: BgpPeer = { address: '10.0.0.1', asn: 65000 };

test("a peer that says no more than its address and AS number has gobgpd's defaults, but calls every 5 s", (t) => {
  t.deepEqual(completePeer(bare), {
    ...bare,
    port: 179,
    holdTimeMs: 90_000,
    keepaliveMs: 30_000,
    connectRetryMs: 5_000,
    passive: false,
  });
});

test('times become whole seconds, and a keepalive interval a third of the hold time', (t) => {
  const { holdTimeMs, keepaliveMs, connectRetryMs } = completePeer({
    ...bare,
    holdTimeMs: 10_499,
    connectRetryMs: 100,
  });
  t.deepEqual(
    { holdTimeMs, keepaliveMs, connectRetryMs },
    { holdTimeMs: 10_000, keepaliveMs: 3_000, connectRetryMs: 1_000 },
  );
});

test('an address is written in its shortest form, and completing twice changes nothing', (t) => {
  const peer = completePeer({ ...bare, address: 'FD00:0:0::1', localAddress: 'fd00::11', gracefulRestartMs: 1_000 });
  t.is(peer.address, 'fd00::1');
  t.deepEqual(completePeer(peer), peer);
});

for (const [wrong, problem] of [
  [{ address: 'router1' }, 'BGP peer router1: its address "router1" is not an IP address'],
  [{ asn: 0 }, 'BGP peer 10.0.0.1: its AS number is 0, not 1 to 4294967295'],
  [{ port: 0 }, 'BGP peer 10.0.0.1: its port is 0, not 1 to 65535'],
  [{ holdTimeMs: 2_999 }, 'BGP peer 10.0.0.1: its hold time in ms is 2999, not 3000 to 65535000'],
  [{ holdTimeMs: 9_000, keepaliveMs: 9_001 }, 'BGP peer 10.0.0.1: its keepalive interval in ms is 9001, not 1 to 9000'],
  [{ connectRetryMs: Number.NaN }, 'BGP peer 10.0.0.1: its connect retry time in ms is NaN, not 1 to 65535000'],
  [{ password: '' }, 'BGP peer 10.0.0.1: its password has 0 bytes, not 1 to 80'],
  [{ password: 'é'.repeat(41) }, 'BGP peer 10.0.0.1: its password has 82 bytes, not 1 to 80'],
  [{ multihopTtl: 256 }, 'BGP peer 10.0.0.1: its multihop TTL is 256, not 1 to 255'],
  [{ localAddress: 'fd00::11' }, 'BGP peer 10.0.0.1: its local address "fd00::11" is not of the family of its address'],
  [{ gracefulRestartMs: 4_096_000 }, 'BGP peer 10.0.0.1: its graceful restart time in ms is 4096000, not 1 to 4095000'],
] as const) {
  test(`a peer with ${JSON.stringify(wrong)} is refused, by what is wrong with it`, (t) => {
    t.throws(() => completePeer({ ...bare, ...wrong }), { code: 'PEER_INVALID', message: problem });
  });
}
