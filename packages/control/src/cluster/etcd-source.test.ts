import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { openSource } from '../test-support/open-source.js';

const web = JSON.stringify({ vip: '198.51.100.10', port: 80 });
const PREFIX = '/weir/v1/main';

test('what is put by etcdctl is told, and what is deleted too', async (t) => {
  await using server = await EtcdServer.start();
  await server.etcdctl('put', `${PREFIX}/services/web`, web);
  await server.etcdctl('put', `${PREFIX}/backends/web/b1`, '{"address": "10.0.0.21"}');
  await using opened = await openSource({ endpoints: [server.endpoint] });
  t.is(opened.addresses(), '10.0.0.21');
  t.like(opened.source.status(), { source: 'etcd', connected: true });

  await server.etcdctl('put', `${PREFIX}/backends/web/b2`, '{"address": "10.0.0.22"}');
  await opened.until('10.0.0.21 10.0.0.22');
  await server.etcdctl('del', `${PREFIX}/backends/web/b1`);
  await opened.until('10.0.0.22');
});
