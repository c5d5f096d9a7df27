import type { ClusterStatus } from '@weir/control';
import test from 'ava';
import { describeClusterStatus } from './cluster-status-text.js';

const says = test.macro((t, status: Partial<ClusterStatus>, text: string) => {
  t.is(describeClusterStatus({ source: 'etcd', connected: true, revision: '7', skipped: new Map(), ...status }), text);
});

test('of a node that follows etcd its revision is said', says, {}, 'from etcd, revision 7');
test(
  'of a node that has lost etcd it is said, with the reason',
  says,
  { connected: false, lastError: 'connection refused' },
  'from etcd, revision 7, etcd is gone (connection refused)',
);
test(
  'of a node that has not met etcd the snapshot is said',
  says,
  { source: 'snapshot', connected: false },
  "from the snapshot of etcd's revision 7, etcd is gone",
);
test(
  'of a node that has neither the file is said',
  says,
  { source: 'nothing', connected: false },
  'from the file alone, etcd is gone',
);
test(
  'keys that were skipped are counted',
  says,
  { skipped: new Map([['backends/web/one', 'no address']]) },
  'from etcd, revision 7, 1 keys skipped',
);
