import test from 'ava';
import fc from 'fast-check';
import { formatCommunity, parseCommunity } from './community.js';

test('what formatCommunity() writes, parseCommunity() reads back', (t) => {
  fc.assert(fc.property(fc.nat(0xffffffff), (community) => parseCommunity(formatCommunity(community)) === community));
  t.pass();
});

for (const [text, community] of [
  ['64512:100', 0xfc000064],
  ['0:0', 0],
  ['65535:65535', 0xffffffff],
  ['no-export', 0xffffff01],
  ['65535:65281', 0xffffff01],
  ['blackhole', 0xffff029a],
  ['graceful-shutdown', 0xffff0000],
] as const) {
  test(`${text} goes over the wire as 0x${community.toString(16)}`, (t) => t.is(parseCommunity(text), community));
}

test('a community that is well known is shown by its name', (t) => {
  t.deepEqual([0xffffff01, 0xffffff02, 0xfc000064].map(formatCommunity), ['no-export', 'no-advertise', '64512:100']);
});

for (const text of ['', '100', '65536:1', '1:65536', '1:2:3', '-1:2', '1: 2', '0x1:2', 'no-exports']) {
  test(`"${text}" is refused as a community, by its text`, (t) => {
    t.throws(() => parseCommunity(text), {
      code: 'PATH_INVALID',
      message: `"${text}" is not a community such as 64512:100 or no-export`,
    });
  });
}
