import test from 'ava';
import { choiceRow, type HashField, hashFields } from './choice-row.js';
import { referenceHash } from './test-support/reference-choices.js';

const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const ipv4 = { source: '192.0.2.7', destination: '198.51.100.1', sourcePort: 0x1234, destinationPort: 443 };
const ipv6 = { ...ipv4, source: '2001:db8::7', destination: '2001:db8::1' };

const rowOf = (hex: string): number => referenceHash(key, Buffer.from(hex.replaceAll(' ', ''), 'hex')).readUInt16LE();

for (const [title, fields, tuple, hex] of [
  ['the source alone', ['source'], ipv4, 'c0000207'],
  ['all fields of IPv4', hashFields, ipv4, 'c0000207 c6336401 1234 01bb'],
  [
    'all fields of IPv6',
    hashFields,
    ipv6,
    '20010db8000000000000000000000007 20010db8000000000000000000000001 1234 01bb',
  ],
  ['the ports', ['sourcePort', 'destinationPort'], ipv6, '1234 01bb'],
  ['nothing', [], ipv4, ''],
] as const) {
  test(`${title}, in network order, is what the row is hashed from`, (t) => {
    t.is(choiceRow(key, fields, tuple), rowOf(hex));
  });
}

test('the order in which fields are named is of no matter', (t) => {
  const named: HashField[] = ['destinationPort', 'source', 'sourcePort'];
  t.is(choiceRow(key, named, ipv4), rowOf('c0000207 1234 01bb'));
});

test('a key that is not 16 bytes is refused, with its length', (t) => {
  const error = t.throws(() => choiceRow(new Uint8Array(8), ['source'], ipv4), { code: 'KEY_INVALID' });
  t.regex(error.message, /16 bytes, not 8/);
});
