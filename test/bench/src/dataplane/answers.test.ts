import { fiveTupleOfFrame } from '@weir/packet';
import test from 'ava';
import { collectAnswers } from './answers.js';
import { flowPacket } from './flow-packet.js';

test('an answer goes from where the packet was forwarded to, to where it then came from', (t) => {
  const packet = flowPacket('tcp-syn', '198.51.100.10', 80);
  const seen: unknown[] = [];
  const later = flowPacket('tcp-ack', '198.51.100.10', 80);
  const { bytes, tuples } = collectAnswers(packet, later, 18, (frame) => {
    const decoded = fiveTupleOfFrame(frame);
    if (decoded.ok) seen.push(`${decoded.tuple.source} ${decoded.tuple.sourcePort}`);
    // Destination 10.9.1.1, port 8080.
    frame.set([10, 9, 1, 1], 30);
    frame.set([0x1f, 0x90], 36);
    return frame;
  });
  t.deepEqual([seen[0], seen[17]], ['100.64.0.0 1024', '100.64.0.1 1025']);
  t.deepEqual(tuples.tuples[17], Uint8Array.of(10, 9, 1, 1, 100, 64, 0, 1, 0x1f, 0x90, 0x04, 0x01));
  const answer = fiveTupleOfFrame(bytes);
  t.deepEqual(answer.ok && answer.tuple, {
    protocol: 6,
    source: '10.9.1.1',
    destination: '100.64.0.0',
    sourcePort: 8080,
    destinationPort: 1024,
  });
});
