import { FLOW_IMAGE_BYTES } from '@weir/packet';
import test from 'ava';
import fc from 'fast-check';
import { type Batch, FlowQueue, type NoticeKind, noticeKinds } from './flow-queue.js';

/** Images that are nothing but numbers. */
function images(...numbers: number[]): Uint8Array {
  const bytes = Buffer.alloc(numbers.length * FLOW_IMAGE_BYTES);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, index * FLOW_IMAGE_BYTES);
  return bytes;
}

function numbersOf(batch: Batch | undefined): number[] {
  const bytes = Buffer.from(batch?.images ?? []);
  return Array.from({ length: bytes.byteLength / FLOW_IMAGE_BYTES }, (_, i) =>
    bytes.readUInt32LE(i * FLOW_IMAGE_BYTES),
  );
}

function drain(queue: FlowQueue, max = 512): [Batch['operation'], ...number[]][] {
  const batches: [Batch['operation'], ...number[]][] = [];
  for (let batch = queue.take(max); batch !== undefined; batch = queue.take(max)) {
    batches.push([batch.operation, ...numbersOf(batch)]);
  }
  return batches;
}

test('flows are taken in the order in which they came, writes with writes', (t) => {
  const queue = new FlowQueue(100);
  queue.push('tell', images(1, 2));
  queue.push('refresh', images(3));
  queue.push('end', images(1));
  queue.push('tell', images(4));
  t.deepEqual(drain(queue), [
    ['write', 1, 2, 3],
    ['remove', 1],
    ['write', 4],
  ]);
});

test('a batch has no more flows than it may', (t) => {
  const queue = new FlowQueue(100);
  queue.push('tell', images(1, 2, 3, 4, 5));
  t.deepEqual(drain(queue, 2), [
    ['write', 1, 2],
    ['write', 3, 4],
    ['write', 5],
  ]);
});

test('a full queue drops its oldest refreshes, then its oldest ends, then what is told', (t) => {
  const queue = new FlowQueue(6);
  queue.push('tell', images(1));
  queue.push('refresh', images(2, 3));
  queue.push('end', images(4, 5, 6));
  queue.push('tell', images(7));
  t.deepEqual(queue.dropped, { refresh: 1, end: 0, tell: 0 });
  queue.push('tell', images(8, 9));
  t.deepEqual(queue.dropped, { refresh: 2, end: 1, tell: 0 });
  queue.push('tell', images(10, 11, 12));
  t.deepEqual(queue.dropped, { refresh: 2, end: 3, tell: 1 });
  t.deepEqual(drain(queue), [['write', 7, 8, 9, 10, 11, 12]]);
});

test('in a queue full of what matters more, a refresh itself is dropped', (t) => {
  const queue = new FlowQueue(2);
  queue.push('tell', images(1, 2));
  queue.push('refresh', images(3));
  queue.push('end', images(4));
  t.deepEqual(queue.dropped, { refresh: 1, end: 1, tell: 0 });
  t.deepEqual(drain(queue), [['write', 1, 2]]);
});

test('of more than there is room for, the newest stay', (t) => {
  const queue = new FlowQueue(3);
  queue.push('tell', images(1, 2, 3, 4, 5));
  t.deepEqual(drain(queue), [['write', 3, 4, 5]]);
  t.is(queue.dropped.tell, 2);
});

test('batches that are given back come again in their order, before what came meanwhile', (t) => {
  const queue = new FlowQueue(100);
  queue.push('tell', images(1, 2, 3));
  queue.push('end', images(2));
  const first = queue.take(512) as Batch;
  const second = queue.take(512) as Batch;
  queue.push('refresh', images(4));
  queue.giveBack(second);
  queue.giveBack(first);
  t.deepEqual(drain(queue), [
    ['write', 1, 2, 3],
    ['remove', 2],
    ['write', 4],
  ]);
});

test('what is given back to a full queue goes rather than what is newer and of the same kind', (t) => {
  const queue = new FlowQueue(3);
  queue.push('tell', images(1, 2));
  const batch = queue.take(512) as Batch;
  queue.push('refresh', images(3));
  queue.push('tell', images(4));
  queue.giveBack(batch);
  t.deepEqual(drain(queue), [['write', 1, 2, 4]]);
  t.is(queue.dropped.refresh, 1);

  queue.push('tell', images(1, 2));
  const other = queue.take(512) as Batch;
  queue.push('tell', images(5, 6));
  queue.giveBack(other);
  t.deepEqual(drain(queue), [['write', 2, 5, 6]]);
});

test('whatever comes and goes: the bound holds, each flow is taken or dropped once, and in order', (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom<NoticeKind>(...noticeKinds), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 50 }), isTaken: fc.boolean() }),
  );
  const property = fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 100 }), (steps, max) => {
    const queue = new FlowQueue(max);
    let next = 0;
    const taken: number[] = [];
    for (const now of steps) {
      if ('kind' in now) {
        queue.push(now.kind, images(...Array.from({ length: now.count }, () => next++)));
      } else {
        const batch = queue.take(now.take);
        if (batch === undefined) continue;
        if (now.isTaken) taken.push(...numbersOf(batch));
        else queue.giveBack(batch);
      }
      if (queue.length > max) return false;
    }
    for (const [, ...numbers] of drain(queue)) taken.push(...numbers);
    const { refresh, end, tell } = queue.dropped;
    return (
      taken.length + refresh + end + tell === next &&
      taken.every((number, i) => i === 0 || number > (taken[i - 1] as number))
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});
