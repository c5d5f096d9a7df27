import test from 'ava';
import { redacted } from './redact.js';

test('passwords and keys of hashes are left out wherever they stand, and nothing else', (t) => {
  const value = {
    bgp: { peers: [{ address: '10.0.0.1', password: 'hunter2' }] },
    state: { sentinelPassword: 'x', passwordFile: '/etc/weir/redis', url: 'redis://weir:hunter2@10.0.0.9:6379' },
    secondChance: { hashKey: '00', seed: '01', port: 19523 },
    flows: 12n,
  };

  t.deepEqual(redacted(value), {
    bgp: { peers: [{ address: '10.0.0.1', password: '(secret)' }] },
    state: {
      sentinelPassword: '(secret)',
      passwordFile: '/etc/weir/redis',
      url: 'redis://weir:(secret)@10.0.0.9:6379',
    },
    secondChance: { hashKey: '(secret)', seed: '(secret)', port: 19523 },
    flows: '12',
  });
});

test('JSON in a text is redacted within', (t) => {
  t.is(redacted('{"spec":{"password":"x","weight":2}}'), '{"spec":{"password":"(secret)","weight":2}}');
  t.is(redacted('{ not JSON'), '{ not JSON');
});
