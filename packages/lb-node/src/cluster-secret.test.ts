import test from 'ava';
import { clusterSecret } from './cluster-secret.js';

test('the secret of a cluster follows from its hash seed', (t) => {
  // printf 'weir shared flows: 00000000000004d2' | sha256sum
  t.is(Buffer.from(clusterSecret(1234n)).toString('hex'), '04f61df349d3dafbcf458dc3fd57cdcf');
  t.notDeepEqual(clusterSecret(1234n), clusterSecret(1235n));
});
