import test from 'ava';
import { encodePcap } from './pcap.js';

test('a capture file is a header, and a header and a frame for each packet', (t) => {
  const file = encodePcap([{ atMs: 1500, frame: Uint8Array.of(0xde, 0xad) }]);
  t.is(
    Buffer.from(file).toString('hex'),
    'a1b2c3d4000200040000000000000000' + '0004000000000001' + '000000010007a120' + '0000000200000002' + 'dead',
  );
});
