import test from 'ava';
import { firstFree, isInRange, parseAddressRange } from './address-range.js';

const holds = test.macro({
  exec(t, text: string, first: string, last: string, outside: string) {
    const range = parseAddressRange(text);
    t.true(isInRange(range, first));
    t.true(isInRange(range, last));
    t.false(isInRange(range, outside));
    t.is(
      firstFree(range, () => true, 1),
      first,
    );
    t.is(
      firstFree(range, (address) => address === last, 1024),
      last,
    );
    t.is(
      firstFree(range, () => false, 1024),
      undefined,
    );
  },
  title: (_, text) => `${text} holds its first and its last address, and not the next`,
});

test(holds, '198.51.100.0/30', '198.51.100.0', '198.51.100.3', '198.51.100.4');
test(holds, '198.51.100.254-198.51.101.1', '198.51.100.254', '198.51.101.1', '198.51.101.2');
test(holds, '198.51.100.7', '198.51.100.7', '198.51.100.7', '198.51.100.6');
test(holds, '2001:db8::/126', '2001:db8::', '2001:db8::3', '2001:db8::4');
test(holds, '2001:db8::ff-2001:db8::102', '2001:db8::ff', '2001:db8::102', '198.51.100.0');

test('of a large network only so many addresses are asked about as are allowed', (t) => {
  let asked = 0;
  t.is(
    firstFree(parseAddressRange('2001:db8::/32'), () => ++asked < 0, 100),
    undefined,
  );
  t.is(asked, 100);
});

const refuses = test.macro({
  exec: (t, text: string, message: RegExp) => void t.throws(() => parseAddressRange(text), { message }),
  title: (_, text) => `${text} is refused with what would be right`,
});

test(refuses, '198.51.100.1/30', /has bits set behind its prefix; the network is 198\.51\.100\.0\/30/);
test(refuses, '198.51.100.9-198.51.100.3', /ends before it begins/);
test(refuses, '198.51.100.9-2001:db8::1', /one family and ends with one of the other/);
test(refuses, '198.51.100.0/33', /write 198\.51\.100\.0\/24, or 198\.51\.100\.10-198\.51\.100\.20/);
test(refuses, 'all', /neither a network nor a range/);
test(refuses, 'fe80::1%eth0', /neither a network nor a range/);
