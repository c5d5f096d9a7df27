import { type FiveTuple, fiveTupleOfFrame } from '@weir/packet';
import test from 'ava';
import { flowPacket, PACKET_BYTES } from './flow-packet.js';

for (const [vip, client] of [
  ['198.51.100.10', '192.0.2.10'],
  ['2001:db8:100::10', '2001:db8:c::10'],
] as const) {
  test(`a packet to ${vip} is TCP to the port, and what tells flows apart is in the client's address`, (t) => {
    const { bytes, flowOffset } = flowPacket(vip, 80);
    t.is(bytes.byteLength, PACKET_BYTES);
    const flow = { protocol: 6, source: client, destination: vip, sourcePort: 1234, destinationPort: 80 };
    t.deepEqual(tupleOf(bytes), flow);
    const other = bytes.slice();
    other.set([1, 2, 3, 4], flowOffset);
    const { source } = tupleOf(other);
    t.not(source, client);
    t.deepEqual(tupleOf(other), { ...flow, source });
  });
}

function tupleOf(frame: Uint8Array): FiveTuple {
  const decoded = fiveTupleOfFrame(frame);
  if (!decoded.ok) throw new Error(`the frame is ${decoded.reason}`);
  return decoded.tuple;
}
