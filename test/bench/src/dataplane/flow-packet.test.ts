import { type FiveTuple, fiveTupleOfFrame } from '@weir/packet';
import test from 'ava';
import { flowPacket, PacketBytes, writeFlow } from './flow-packet.js';

for (const [vip, client, other, bytes] of [
  ['198.51.100.10', '100.64.0.0', '100.64.24.105', PacketBytes.short],
  ['2001:db8:100::10', '2001:db8:c:0:6440::10', '2001:db8:c:0:6440:1869:0:10', PacketBytes.long],
] as const) {
  test(`packets to ${vip} are of as many flows as are wanted, and differ by the client's address and port`, (t) => {
    const packet = flowPacket('tcp-ack', vip, 80);
    t.is(packet.bytes.byteLength, bytes);
    const flow = { protocol: 6, source: client, destination: vip, sourcePort: 1024, destinationPort: 80 };
    t.deepEqual(tupleOf(packet.bytes), flow);
    const frame = packet.bytes.slice();
    writeFlow(frame, packet, 99_999);
    t.deepEqual(tupleOf(frame), { ...flow, source: other, sourcePort: 1039 });
    writeFlow(frame, packet, 0);
    t.deepEqual(frame, packet.bytes);
  });
}

function tupleOf(frame: Uint8Array): FiveTuple {
  const decoded = fiveTupleOfFrame(frame);
  if (!decoded.ok) throw new Error(`the frame is ${decoded.reason}`);
  return decoded.tuple;
}
