import { eventually } from '@weir/errors/test-support';
import { FLOW_IMAGE_BYTES, FlowImageField } from '@weir/packet';
import type { ExecutionContext, TestFn } from 'ava';
import { FLOW_ID_BYTES, FlowIds } from '../flow-id.js';
import type { FlowStore } from '../flow-store.js';
import { ownerNumber } from '../owner-number.js';
import { packEnds, packWrites } from '../packed-writes.js';
import { openPresence, type PresenceChange } from '../presence.js';
import { type FlowReplication, openReplication } from '../replication.js';
import { sampleImages } from './flow-images.js';

/** Opens a store as another node would: all with the same prefix share what they keep. */
export type OpenStore = (prefix: string) => Promise<FlowStore> | FlowStore;

const secret = Buffer.alloc(16, 7);
const ids = new FlowIds(secret);
const timeouts = {
  tcpSynMs: 60_000,
  tcpEstablishedMs: 900_000,
  tcpFinMs: 120_000,
  tcpCloseMs: 750,
  udpMs: 300_000,
  otherMs: 300_000,
};
const TTLS = Array.from({ length: 8 }, () => 100);

/** What every store of flows does, whatever is behind it. */
export function testStore(test: TestFn, open: OpenStore): void {
  let prefixes = 0;
  /** So many stores that share what they keep. */
  const stores = async (t: ExecutionContext, count = 1): Promise<FlowStore[]> => {
    const prefix = `t${++prefixes}:`;
    const opened: FlowStore[] = [];
    for (let i = 0; i < count; i++) {
      const store = await open(prefix);
      t.teardown(() => store[Symbol.asyncDispose]());
      await eventually('the store to be available', () => store.isAvailable);
      opened.push(store);
    }
    return opened;
  };
  /** Nodes that share a store, named a, b and so on. */
  const nodes = async (t: ExecutionContext, count = 1): Promise<FlowReplication[]> => {
    const opened: FlowReplication[] = [];
    for (const [index, store] of (await stores(t, count)).entries()) {
      const nodeName = String.fromCharCode(97 + index);
      const node = await openReplication({ store, nodeName, secret, timeouts });
      t.teardown(() => node[Symbol.asyncDispose]());
      opened.push(node);
    }
    return opened;
  };

  test('store: what one node writes, another one reads, and nothing where there is nothing', async (t) => {
    const [writer, reader] = (await stores(t, 2)) as [FlowStore, FlowStore];
    const images = sampleImages(600, 'fullnat', 6);
    await writer.write(packWrites(images, 1, ids), TTLS);
    const values = await reader.read([...clientIdsOf(images), Buffer.alloc(FLOW_ID_BYTES)]);
    t.true(values.slice(0, 600).every((value) => value?.byteLength === 63));
    t.is(values[600], undefined);
    t.deepEqual(await reader.read([]), []);
  });

  test('store: the value that was written last is there', async (t) => {
    const [store] = (await stores(t)) as [FlowStore];
    const images = sampleImages(1);
    await Promise.all([1, 2, 3].map((owner) => store.write(packWrites(images, owner, ids), TTLS)));
    t.is((await store.read(clientIdsOf(images)))[0]?.[7], 3);
  });

  test("store: only what is still the owner's is removed, and answers go with their flow", async (t) => {
    const [store] = (await stores(t)) as [FlowStore];
    const images = sampleImages(4, 'fullnat');
    const own = images.subarray(0, 2 * FLOW_IMAGE_BYTES);
    await store.write(packWrites(own, 1, ids), TTLS);
    await store.write(packWrites(images.subarray(own.byteLength), 2, ids), TTLS);
    await store.remove(packEnds(images, ids), 1);
    const left = async (of: Buffer[]) => (await store.read(of)).map((value) => value !== undefined);
    t.deepEqual(await left(clientIdsOf(images)), [false, false, true, true]);
    t.deepEqual(await left(answerIdsOf(images)), [false, false, true, true]);
  });

  test("store: a flow that ends leaves the answers of another one that uses its backend's address by now", async (t) => {
    const [store] = (await stores(t)) as [FlowStore];
    const former = sampleImages(1, 'fullnat');
    const latter = former.slice();
    latter[FlowImageField.clientPort] = 9;
    await store.write(packWrites(former, 1, ids), TTLS);
    await store.write(packWrites(latter, 1, ids), TTLS);
    await store.remove(packEnds(former, ids), 1);
    t.deepEqual(await store.read(clientIdsOf(former)), [undefined]);
    t.not((await store.read(answerIdsOf(latter)))[0], undefined);
  });

  test('store: names are held until they expire or are released', async (t) => {
    const [store, other] = (await stores(t, 2)) as [FlowStore, FlowStore];
    await store.hold('short', 20);
    await store.hold('long', 60_000);
    t.deepEqual((await other.held(['none', 'long'])).slice(), [false, true]);
    await eventually('the name to expire', async () => !(await other.held(['short']))[0]);
    await store.release('long');
    t.deepEqual(await other.held(['long']), [false]);
  });

  test('store: a message reaches those who listen to its channel, byte by byte', async (t) => {
    const [sender, receiver] = (await stores(t, 2)) as [FlowStore, FlowStore];
    const received: Buffer[] = [];
    const stop = receiver.subscribe('mine', (message) => received.push(message));
    receiver.subscribe('other', () => t.fail());
    const message = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await eventually('a message', async () => {
      await sender.publish('mine', message);
      return received.length > 0;
    });
    t.deepEqual(received[0], message);
    stop();
  });

  for (const [kind, family] of [
    ['plain', 4],
    ['plain', 6],
    ['nat', 4],
    ['fullnat', 4],
    ['fullnat', 6],
  ] as const) {
    test(`nodes: ${kind} over IPv${family}: a flow that one node told is found by another one, complete`, async (t) => {
      const [a, b] = (await nodes(t, 2)) as [FlowReplication, FlowReplication];
      const image = sampleImages(1, kind, family);
      a.tell(image);
      await eventually('the flow to be written', () => a.status().told === 1);
      const found = { image: new Uint8Array(image), owner: ownerNumber('a') };
      t.deepEqual(await b.findByClient(clientTupleOf(image)), found);
      if (kind === 'fullnat') t.deepEqual(await b.findByAnswer(answerTupleOf(image)), found);
      t.is(b.status().found, kind === 'fullnat' ? 2 : 1);
    });
  }

  test('nodes: a thousand flows that are asked for at once are all found, and those nobody knows are not', async (t) => {
    const [a, b] = (await nodes(t, 2)) as [FlowReplication, FlowReplication];
    a.tell(sampleImages(1_000));
    await eventually('the flows to be written', () => a.status().told === 1_000);
    const found = await Promise.all(
      eachImage(sampleImages(1_200)).map((image) => b.findByClient(clientTupleOf(image))),
    );
    t.is(found.filter((flow) => typeof flow === 'object').length, 1_000);
    t.true(found.slice(1_000).every((flow) => flow === 'unknown'));
  });

  test('nodes: a flow that ended is unknown', async (t) => {
    const [a, b] = (await nodes(t, 2)) as [FlowReplication, FlowReplication];
    const image = sampleImages(1, 'fullnat');
    a.tell(image);
    a.end(image);
    await eventually('the end to be written', () => a.status().ended === 1);
    t.is(await b.findByClient(clientTupleOf(image)), 'unknown');
    t.is(await b.findByAnswer(answerTupleOf(image)), 'unknown');
    t.is(b.status().unknown, 2);
  });

  test('nodes: who takes a flow over is its owner, the former one yields, and its end does not remove the flow', async (t) => {
    const [a, b, c] = (await nodes(t, 3)) as [FlowReplication, FlowReplication, FlowReplication];
    const image = sampleImages(1, 'fullnat', 6);
    a.tell(image);
    await eventually('the flow to be written', () => a.status().told === 1);
    const yielded: Uint8Array[] = [];
    a.onYield((images) => yielded.push(images));
    c.onYield(() => t.fail());

    const found = await b.findByClient(clientTupleOf(image));
    if (typeof found !== 'object') return t.fail('not found');
    await eventually('the owner to yield', async () => {
      // The subscription may still be on its way.
      b.takeOver(found);
      return yielded.length > 0;
    });
    t.deepEqual(Buffer.from(yielded[0] ?? []), Buffer.from(image));
    a.end(image);
    await eventually('the end to be told', () => a.status().ended === 1);
    t.deepEqual(await c.findByClient(clientTupleOf(image)), { image: new Uint8Array(image), owner: ownerNumber('b') });
    return undefined;
  });

  test('nodes: who takes its own flow over again, after a restart, is not told to yield', async (t) => {
    const [a, b] = (await nodes(t, 2)) as [FlowReplication, FlowReplication];
    const [own, others] = eachImage(sampleImages(2)) as [Uint8Array, Uint8Array];
    const yielded: Uint8Array[] = [];
    a.onYield((images) => yielded.push(images));
    await eventually('a to hear of what b takes over', () => {
      a.takeOver({ image: own, owner: ownerNumber('a') });
      b.takeOver({ image: others, owner: ownerNumber('a') });
      return yielded.length > 1;
    });
    t.true(yielded.flatMap(eachImage).every((image) => Buffer.compare(image, others) === 0));
  });

  test("nodes: a record expires a third of its state's timeout after the flow would", async (t) => {
    const [a] = (await nodes(t)) as [FlowReplication];
    const image = sampleImages(1);
    image[FlowImageField.state] = 5; // close: 1 s in all
    // Told again: a second may pass before it is looked for.
    let told = 0;
    await eventually('the record to be found', async () => {
      a.tell(image);
      told++;
      await eventually('the flow to be written', () => a.status().told === told);
      return typeof (await a.findByClient(image)) === 'object';
    });
    await eventually('the record to expire', async () => (await a.findByClient(image)) === 'unknown');
    t.pass();
  });

  test('nodes: values that are no records of the flow are ignored and counted', async (t) => {
    const [store] = (await stores(t)) as [FlowStore];
    const node = await openReplication({ store, nodeName: 'a', secret, timeouts });
    t.teardown(() => node[Symbol.asyncDispose]());
    const image = sampleImages(1, 'fullnat');
    const [clientId] = clientIdsOf(image) as [Buffer];
    const [answerId] = answerIdsOf(image) as [Buffer];
    const put = (id: Buffer, value: Buffer) =>
      store.write(Buffer.concat([Buffer.of(2, value.byteLength), id, value]), TTLS);
    const garbage = [
      Buffer.alloc(0),
      Buffer.of(0),
      Buffer.of(1),
      Buffer.alloc(27, 1),
      Buffer.alloc(200, 0xff),
      Buffer.from('OK'),
    ];
    for (const value of garbage) {
      await put(clientId, value);
      await put(answerId, value);
      t.is(await node.findByClient(clientTupleOf(image)), 'unknown');
      t.is(await node.findByAnswer(answerTupleOf(image)), 'unknown');
    }
    t.is(node.status().foreign, 2 * garbage.length);
  });

  test('nodes: images that say nothing are not told, and counted', async (t) => {
    const [a] = (await nodes(t)) as [FlowReplication];
    a.tell(Buffer.concat([new Uint8Array(FLOW_IMAGE_BYTES), sampleImages(1), Buffer.alloc(10)]));
    await eventually('the flow to be written', () => a.status().told === 1);
    t.is(a.status().malformed, 2);
  });

  test('nodes: what is still to be told is told before a node ends, and nothing is found afterwards', async (t) => {
    const [a, b] = (await nodes(t, 2)) as [FlowReplication, FlowReplication];
    a.tell(sampleImages(1_000));
    await a[Symbol.asyncDispose]();
    t.is(a.status().told, 1_000);
    t.is(typeof (await b.findByClient(sampleImages(1, 'plain', 4, 999))), 'object');
    await t.throwsAsync(a.findByClient(sampleImages(1)), { code: 'REPLICATION_CLOSED' });
  });

  test('nodes: they see each other come and go', async (t) => {
    const [storeA, storeB] = (await stores(t, 2)) as [FlowStore, FlowStore];
    const changes: PresenceChange[] = [];
    const a = openPresence({
      store: storeA,
      nodeName: 'a',
      others: () => ['b'],
      onChange: (change) => changes.push(change),
    });
    t.teardown(() => a[Symbol.asyncDispose]());
    t.is(a.isPresent('b'), undefined);
    const b = openPresence({ store: storeB, nodeName: 'b', others: () => ['a'], onChange: () => {} });
    await eventually('b to come', () => changes.length === 1);
    await b[Symbol.asyncDispose]();
    await eventually('b to go', () => changes.length === 2);
    t.deepEqual(changes, [
      { nodeName: 'b', isPresent: true },
      { nodeName: 'b', isPresent: false },
    ]);
    t.is(a.isPresent('b'), false);
  });
}

/** The images as separate arrays. */
export function eachImage(images: Uint8Array): Uint8Array[] {
  const count = images.byteLength / FLOW_IMAGE_BYTES;
  return Array.from({ length: count }, (_, i) => images.slice(i * FLOW_IMAGE_BYTES, (i + 1) * FLOW_IMAGE_BYTES));
}

/** What the client's first missed packet tells: everything else is empty. */
export function clientTupleOf(image: Uint8Array): Uint8Array {
  const tuple = image.slice();
  const { state, kind, backendPort, localPort, backend } = FlowImageField;
  tuple
    .fill(0, state, kind + 1)
    .fill(0, backendPort, localPort + 2)
    .fill(0, backend);
  return tuple;
}

/** What an answer's first missed packet tells. */
export function answerTupleOf(image: Uint8Array): Uint8Array {
  const tuple = image.slice();
  const { state, backendPort, client, backend } = FlowImageField;
  tuple.fill(0, state, backendPort).fill(0, client, backend);
  return tuple;
}

function clientIdsOf(images: Uint8Array): Buffer[] {
  return eachImage(images).map((image) => {
    const id = Buffer.alloc(FLOW_ID_BYTES);
    ids.writeClientId(image, 0, id, 0);
    return id;
  });
}

function answerIdsOf(images: Uint8Array): Buffer[] {
  return eachImage(images).map((image) => {
    const id = Buffer.alloc(FLOW_ID_BYTES);
    ids.writeAnswerId(image, 0, id, 0);
    return id;
  });
}
