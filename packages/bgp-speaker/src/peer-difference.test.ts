import { type BgpPeer, completePeer } from '@weir/gobgp-client';
import test from 'ava';
import { peerDifference } from './peer-difference.js';

const peer = (settings: Partial<BgpPeer> = {}) => completePeer({ address: '10.0.0.1', asn: 65000, ...settings });
const nothing = { add: [], update: [], remove: [] };

test('peers that are as they should be are left alone', (t) => {
  t.deepEqual(peerDifference([peer(), peer({ address: 'fd00::1' })], [peer({ address: 'fd00::1' }), peer()]), nothing);
});

const changes: readonly (readonly [string, Partial<BgpPeer>])[] = [
  ['AS number', { asn: 65001 }],
  ['hold time', { holdTimeMs: 9_000 }],
  ['keepalive interval', { keepaliveMs: 10_000 }],
  ['connect retry time', { connectRetryMs: 10_000 }],
  ['password', { password: 'other' }],
  ['port', { port: 1790 }],
  ['multihop TTL', { multihopTtl: 3 }],
  ['local address', { localAddress: '10.0.0.11' }],
  ['passive mode', { passive: true }],
  ['graceful restart time', { gracefulRestartMs: 60_000 }],
];
for (const [name, change] of changes) {
  test(`a peer with another ${name} is updated, and no other`, (t) => {
    const other = peer({ address: '10.0.0.2' });
    t.deepEqual(peerDifference([peer(), other], [peer(change), other]), { ...nothing, update: [peer(change)] });
  });
}

test('a peer that is new is added, one that is gone is removed', (t) => {
  const added = peer({ address: '10.0.0.2' });
  t.deepEqual(peerDifference([peer()], [added]), { ...nothing, add: [added], remove: ['10.0.0.1'] });
});

test('the local address of a session is no change where none was asked for, nor in another spelling', (t) => {
  t.deepEqual(peerDifference([peer({ localAddress: '10.0.0.11' })], [peer()]), nothing);
  const over6 = (localAddress: string) => peer({ address: 'fd00::1', localAddress });
  t.deepEqual(peerDifference([over6('fd00::11')], [over6('FD00:0::11')]), nothing);
});
