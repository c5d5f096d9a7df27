import { Backend, BackendsService, ServicesService } from '@weir/admin-api';
import test from 'ava';
import { printed, type Services } from '../test-support/asked-api.js';
import { listServices } from '../test-support/listed-services.js';

test.serial('names of services and backends are completed, and commands', async (t) => {
  const backends = [Backend.fromPartial({ spec: { name: 'a', address: '10.0.0.1' } })];
  const services: Services = [
    [ServicesService, listServices],
    [BackendsService, { listBackends: () => ({ backends, nextPageToken: '' }) }],
  ];
  const complete = (...words: string[]) => printed(t, services, ['complete', '--', ...words]);
  t.is(await complete('drain', 'backend', ''), 'web\ndns\n');
  t.is(await complete('drain', 'backend', 'web', ''), 'a\n');
  t.is(await complete('services', 'w'), 'web\n');
  t.is(await complete('drain', ''), 'backend\nnode\n');
  t.is(await complete('bgp', 'override', '198.51.100.1', 'o'), 'on\noff\n');
  t.is(await complete('services', '--tls-c'), '--tls-ca\n--tls-cert\n');
});
