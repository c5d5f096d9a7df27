import test from 'ava';
import { addressToBytes, bytesToAddress, canonicalAddress, familyOf, isIpAddress } from './ip-address.js';

test('only whole addresses are addresses', (t) => {
  for (const text of ['10.0.0.1', '::', '2001:db8::1', '::ffff:10.0.0.1']) t.true(isIpAddress(text), text);
  for (const text of ['', '10.1', '10.0.0.256', '0x0a000001', '10.0.0.1/32', 'fe80::1%eth0', 'localhost', '1::2::3'])
    t.false(isIpAddress(text), text);
});

test('bytes are in network order, and back they are canonical', (t) => {
  t.deepEqual(addressToBytes('10.0.0.11'), Uint8Array.of(10, 0, 0, 11));
  t.is(bytesToAddress(addressToBytes('2001:0DB8:0:0:0:0:0:1')), '2001:db8::1');
  t.is(canonicalAddress('FD00:0010::0011'), 'fd00:10::11');
  t.is(familyOf('fd00::1'), 6);
  t.is(familyOf('10.0.0.1'), 4);
});

test('what is no address is named', (t) => {
  t.throws(() => addressToBytes('10.1'), { code: 'ADDRESS_INVALID', message: '"10.1" is not an IP address' });
  t.throws(() => bytesToAddress(new Uint8Array(5)), { code: 'ADDRESS_INVALID', message: /4 or 16 bytes, not 5/ });
});
