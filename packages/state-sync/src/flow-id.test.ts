import { FLOW_IMAGE_BYTES, FlowImageField } from '@weir/packet';
import test from 'ava';
import { FLOW_ID_BYTES, FlowIds } from './flow-id.js';
import { sampleImages } from './test-support/index.js';

const ids = new FlowIds(Buffer.alloc(16, 7));

function clientId(image: Uint8Array, of = ids): string {
  const id = Buffer.alloc(FLOW_ID_BYTES);
  of.writeClientId(image, 0, id, 0);
  return id.toString('hex');
}

function answerId(image: Uint8Array): string {
  const id = Buffer.alloc(FLOW_ID_BYTES);
  ids.writeAnswerId(image, 0, id, 0);
  return id.toString('hex');
}

test('an id is what nodes of this version have always computed', (t) => {
  const image = sampleImages(1, 'fullnat', 6);
  // By sha256sum, of the secret and the fields.
  t.is(clientId(sampleImages(1)), '9ffb453bae22927853');
  t.is(clientId(image), '81df26cdc6dc19a589');
  t.is(answerId(image), '062193aabd2db702a1');
});

for (const family of [4, 6] as const) {
  const image = sampleImages(1, 'fullnat', family);
  const changed = (field: number) => {
    const other = image.slice();
    other[field] = (other[field] as number) ^ 1;
    return other;
  };
  const last = family === 6 ? 15 : 3;
  const { protocol, client, clientPort, vip, vipPort, backend, backendPort, local, localPort, service, state } =
    FlowImageField;

  test(`IPv${family}: each byte of the client's tuple makes another client id, and nothing else does`, (t) => {
    for (const field of [
      protocol,
      client,
      client + last,
      vip,
      vip + last,
      clientPort,
      clientPort + 1,
      vipPort,
      vipPort + 1,
    ]) {
      t.not(clientId(changed(field)), clientId(image), `byte ${field}`);
    }
    for (const field of [state, service, backend, backendPort, local, localPort])
      t.is(clientId(changed(field)), clientId(image));
  });

  test(`IPv${family}: each byte of the answers' tuple makes another answer id, and nothing else does`, (t) => {
    for (const field of [protocol, backend, backend + last, local, local + last, backendPort + 1, localPort + 1]) {
      t.not(answerId(changed(field)), answerId(image), `byte ${field}`);
    }
    for (const field of [state, service, client, clientPort, vip, vipPort])
      t.is(answerId(changed(field)), answerId(image));
  });
}

test('a flow from A to B has another id as a client than as an answer', (t) => {
  const image = new Uint8Array(FLOW_IMAGE_BYTES);
  image[FlowImageField.family] = 4;
  t.not(clientId(image), answerId(image));
});

test('another cluster has other ids', (t) => {
  t.not(clientId(sampleImages(1), new FlowIds(Buffer.alloc(16, 8))), clientId(sampleImages(1)));
});

test('a secret that is not 16 bytes long is refused', (t) => {
  const error = t.throws(() => new FlowIds(Buffer.alloc(15)), { code: 'SECRET_INVALID' });
  t.regex(error.message, /16 bytes, not 15/);
});
