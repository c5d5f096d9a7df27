import { FlowImageField } from '@weir/packet';
import test from 'ava';
import { flowKey } from './flow-key.js';
import { flowImage, missedAnswer, missedByClient } from './test-support/flow-images.js';

const flow = flowImage({ client: '192.0.2.1:1024', vip: '198.51.100.10:80', backend: '10.0.0.21:8080' });

test('packets of one flow have one key, whatever else their images say', (t) => {
  const image = missedByClient(flow);
  const key = flowKey({ direction: 'client', image });
  image[FlowImageField.state] = 2;
  image[FlowImageField.service] = 9;
  t.is(flowKey({ direction: 'client', image }), key);
  t.is(flowKey({ direction: 'client', image: flow }), key);
});

const others = {
  'another protocol': FlowImageField.protocol,
  'another client': FlowImageField.client,
  'another port of the client': FlowImageField.clientPort + 1,
  'another VIP': FlowImageField.vip + 3,
  'another port of the VIP': FlowImageField.vipPort,
};
for (const [title, at] of Object.entries(others)) {
  test(`${title} makes another key`, (t) => {
    const image = missedByClient(flow);
    const key = flowKey({ direction: 'client', image });
    (image[at] as number) ^= 1;
    t.not(flowKey({ direction: 'client', image }), key);
  });
}

test('answers are told apart by backend and destination, and from packets of clients', (t) => {
  const answers = [
    missedAnswer('10.0.0.21:8080', '192.0.2.1:1024'),
    missedAnswer('10.0.0.21:8081', '192.0.2.1:1024'),
    missedAnswer('10.0.0.22:8080', '192.0.2.1:1024'),
    missedAnswer('10.0.0.21:8080', '192.0.2.2:1024'),
    missedAnswer('10.0.0.21:8080', '192.0.2.1:1025'),
  ];
  const keys = answers.map((image) => flowKey({ direction: 'answer', image }));
  t.is(new Set(keys).size, answers.length);
  t.false(keys.includes(flowKey({ direction: 'client', image: answers[0] as Uint8Array })));
});
