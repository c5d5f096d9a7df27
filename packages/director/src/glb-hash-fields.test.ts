import test from 'ava';
import { parseGlbHashFields } from './glb-hash-fields.js';

for (const [title, text, expected] of [
  ['without hash_fields, packets are hashed by their source', '{"num_worker_queues": 1}', { fields: ['source'] }],
  [
    'hash_fields are read, in the order in which they are hashed',
    '{"hash_fields": {"dst_port": true, "src_port": true, "dst_addr": false, "src_addr": true}}',
    { fields: ['source', 'sourcePort', 'destinationPort'] },
  ],
  [
    'alt_hash_fields are the fields until now',
    '{"hash_fields": {"src_addr": true, "src_port": true}, "alt_hash_fields": {"src_addr": true}}',
    { fields: ['source', 'sourcePort'], fieldsBefore: ['source'] },
  ],
] as const) {
  test(title, (t) => {
    t.deepEqual(parseGlbHashFields(text) as unknown, expected);
  });
}

for (const [title, text, expected] of [
  ['no field at all', '{"hash_fields": {}}', 'hash_fields: it names no field: all packets would have one row'],
  [
    'a field that GLB does not have',
    '{"alt_hash_fields": {"src_addr": true, "mac": true}}',
    'alt_hash_fields.mac: is not a key that GLB has here',
  ],
  ['a field that is a number', '{"hash_fields": {"src_addr": 1}}', 'hash_fields.src_addr: 1 is not true or false'],
] as const) {
  test(`${title} is refused`, (t) => {
    t.throws(() => parseGlbHashFields(text), { code: 'GLB_CONFIG_INVALID', message: expected });
  });
}
