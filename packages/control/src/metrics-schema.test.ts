import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const document = (metrics: string, more = '') =>
  `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }\nservices: []\n${more}metrics: ${metrics}\n`;

test('without the section no metrics are served, and an empty one has its defaults', (t) => {
  t.is(parseNodeConfig('node: { interfaces: [eth0] }\nservices: []\n', 'weir.yaml').metrics, undefined);
  t.deepEqual(parseNodeConfig(document('{}'), 'weir.yaml').metrics, {
    listen: { host: '127.0.0.1', port: 9646 },
    backendsMax: 10_000,
  });
});

test('an IPv6 address stands in brackets', (t) => {
  const { metrics } = parseNodeConfig(document('{ listen: "[fd00:10::11]:9100", backendsMax: 0 }'), 'weir.yaml');
  t.deepEqual(metrics, { listen: { host: 'fd00:10::11', port: 9100 }, backendsMax: 0 });
});

const refused = test.macro((t, metrics: string, problem: string) => {
  const error = t.throws(() => parseNodeConfig(document(metrics), 'weir.yaml'), { instanceOf: InvalidConfigError });
  t.is(error.message, `${problem} (file weir.yaml, line 3)`);
});

test(
  'a port without an address is refused',
  refused,
  '{ listen: ":9646" }',
  'metrics.listen: ":9646" is not an address with a port, such as 127.0.0.1:50051',
);

test("an address that is the API's of gobgpd is refused", (t) => {
  const bgp = 'bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ] }\n';
  const error = t.throws(() => parseNodeConfig(document('{ listen: "127.0.0.1:50051" }', bgp), 'weir.yaml'), {
    instanceOf: InvalidConfigError,
  });
  t.is(
    error.message,
    'metrics.listen: "127.0.0.1:50051" is bgp.gobgpd.api too, where gobgpd listens; take another port (file weir.yaml, line 4)',
  );
});
