import { Metadata } from '@grpc/grpc-js';
import test from 'ava';
import { decodeDetails, encodeDetails } from './status-details.js';

const NONE = { reason: '', fieldViolations: [], preconditionViolations: [] };

test('what encodeDetails() writes, decodeDetails() reads back', (t) => {
  const details = {
    reason: 'CONFIG_INVALID',
    fieldViolations: [{ field: 'service.backends[2].weight', description: '70000 is above 65535' }],
    preconditionViolations: [{ type: 'ETCD', subject: 'node1', description: 'no etcd is configured' }],
  };

  t.deepEqual(decodeDetails(encodeDetails(3, 'wrong', details)), details);
});

test('an error without details has empty ones', (t) => {
  t.deepEqual(decodeDetails(new Metadata()), NONE);
  t.deepEqual(decodeDetails(encodeDetails(13, 'internal error', {})), NONE);
});

test('bytes that are no google.rpc.Status are no details', (t) => {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from('ff00ff17', 'hex'));

  t.deepEqual(decodeDetails(metadata), NONE);
});
