import test from 'ava';
import { driverFinding } from './xdp-driver.js';

const link = { ifname: 'eth0', mtu: 1500, flags: ['UP'], num_rx_queues: 8 };

test('a driver with XDP is right, one that is not known to have it a warning', (t) => {
  t.like(driverFinding(link, 'mlx5_core', false), {
    verdict: 'ok',
    found: 'driver mlx5_core, which has XDP, 8 queues',
  });
  t.is(driverFinding(link, 'r8169', false).verdict, 'warning');
});

test('with dataplane.mode native, a driver without XDP is a fault', (t) => {
  t.is(driverFinding(link, 'r8169', true).verdict, 'fault');
});

test('a program that runs in generic mode is told of, whatever the driver could do', (t) => {
  t.is(driverFinding({ ...link, xdp: { mode: 2 } }, 'mlx5_core', false).verdict, 'warning');
  t.is(driverFinding({ ...link, xdp: { mode: 1 } }, 'a-new-one', false).verdict, 'ok');
});
