import { fiveTupleOfFrame } from '@weir/packet';
import test from 'ava';
import { flowPacket } from './flow-packet.js';
import { recordTranslations } from './translated-flows.js';

const first = flowPacket('tcp-syn', '198.51.100.10', 80);
const later = flowPacket('tcp-ack', '198.51.100.10', 80);

/** To 10.9.1.1, port 8080. */
function translate(frame: Uint8Array): Uint8Array {
  frame.set([10, 9, 1, 1], 30);
  frame.set([0x1f, 0x90], 36);
  return frame;
}

test('an answer goes from where the packet was forwarded to, to where it then came from', (t) => {
  const { toBackend, toClient } = recordTranslations(first, later, 18, translate);
  t.deepEqual(toBackend.tuples.tuples[17], Uint8Array.of(100, 64, 0, 1, 198, 51, 100, 10, 0x04, 0x01, 0, 80));
  t.deepEqual(toClient.tuples.tuples[17], Uint8Array.of(10, 9, 1, 1, 100, 64, 0, 1, 0x1f, 0x90, 0x04, 0x01));
  t.deepEqual(toBackend.bytes, later.bytes);
  const answer = fiveTupleOfFrame(toClient.bytes);
  t.deepEqual(answer.ok && answer.tuple, {
    protocol: 6,
    source: '10.9.1.1',
    destination: '100.64.0.0',
    sourcePort: 8080,
    destinationPort: 1024,
  });
});

test('a flow that is forgotten again is in neither direction', (t) => {
  const begun = new Set<string>();
  const { toBackend, toClient } = recordTranslations(first, later, 5, (frame) => {
    const port = frame.subarray(34, 36).toString();
    const isKnown = begun.has(port) && port !== '4,3';
    begun.add(port);
    return isKnown ? translate(frame) : undefined;
  });
  t.deepEqual(
    toBackend.tuples.tuples.map((tuple) => tuple[9]),
    [0, 1, 2, 4],
  );
  t.is(toClient.tuples.tuples.length, 4);
});
