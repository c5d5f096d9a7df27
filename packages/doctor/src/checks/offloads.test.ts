import test from 'ava';
import { offloadFindings } from './offloads.js';

test('LRO and hardware GRO are faults, each with the command that turns it off', (t) => {
  const features = new Map([
    ['large-receive-offload', true],
    ['rx-gro-hw', true],
    ['tx-checksumming', true],
  ]);
  t.like(offloadFindings('eth0', features, 'mlx5_core'), [
    { verdict: 'fault', commands: ['ethtool -K eth0 lro off'] },
    { verdict: 'fault', commands: ['ethtool -K eth0 rx-gro-hw off'] },
  ]);
});

test('checksums that hardware makes are fine, those that a veth leaves out are not', (t) => {
  const features = new Map([['tx-checksumming', true]]);
  t.like(offloadFindings('eth0', features, 'ixgbe'), [{ verdict: 'ok' }]);
  t.like(offloadFindings('eth0', features, 'veth'), [{ verdict: 'fault', commands: ['ethtool -K eth0 tx off'] }]);
});

test('hardware GRO is a warning where XDP runs in the driver with it, and on virtio_net, which turns it off where its host allows', (t) => {
  const features = new Map([['rx-gro-hw', true]]);
  t.like(offloadFindings('eth0', features, 'virtio_net'), [{ verdict: 'warning' }]);
  t.like(offloadFindings('eth0', features, 'mlx5_core', true), [{ verdict: 'warning' }]);
  t.like(offloadFindings('eth0', new Map([['large-receive-offload', true]]), 'mlx5_core', true), [
    { verdict: 'fault' },
  ]);
});
