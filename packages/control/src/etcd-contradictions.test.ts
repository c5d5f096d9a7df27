import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const document = (etcd: string) => `node: { name: lb1, interfaces: [eth0] }\netcd: ${etcd}\n`;

test('a section with endpoints alone has its defaults, and services may be left out', (t) => {
  const { etcd, services } = parseNodeConfig(
    document('{ endpoints: ["10.0.0.5:2379", "[fd00::5]:2379"] }'),
    'weir.yaml',
  );
  t.deepEqual(etcd, {
    cluster: 'main',
    endpoints: [
      { host: '10.0.0.5', port: 2379 },
      { host: 'fd00::5', port: 2379 },
    ],
    snapshotFile: '/var/lib/weir/main.snapshot',
    leaseMs: 10_000,
    timeoutMs: 2000,
  });
  t.deepEqual(services, []);
});

const refused = test.macro((t, etcd: string, problem: string) => {
  const error = t.throws(() => parseNodeConfig(document(etcd), 'weir.yaml'), { instanceOf: InvalidConfigError });
  t.is(error.message, `${problem} (file weir.yaml, line 2)`);
});

const here = 'endpoints: ["10.0.0.5:2379"]';
test('a section without endpoints is refused', refused, '{}', 'etcd.endpoints: is missing');
test(
  'an endpoint without a port is refused',
  refused,
  '{ endpoints: [etcd1] }',
  'etcd.endpoints[0]: "etcd1" is not an address with a port, such as 127.0.0.1:50051',
);
test(
  'an endpoint that is named twice is refused',
  refused,
  '{ endpoints: ["10.0.0.5:2379", "10.0.0.5:2379"] }',
  'etcd.endpoints[1]: "10.0.0.5:2379" is etcd.endpoints[0] too',
);
test(
  'a user without a password is refused',
  refused,
  `{ ${here}, username: weir }`,
  'etcd.username: "weir" has no meaning without a password; give password or passwordFile',
);
test(
  'a password without a user is refused, and not shown',
  refused,
  `{ ${here}, password: secret }`,
  'etcd.password: (not shown) has no meaning without a user; give username',
);
test(
  'a password and a file of it are refused',
  refused,
  `{ ${here}, username: weir, password: secret, passwordFile: /p }`,
  'etcd.passwordFile: "/p" stands beside password, which says the same; leave out one of them',
);
test(
  'a certificate without its key is refused',
  refused,
  `{ ${here}, tls: { certificate: /c.pem } }`,
  'etcd.tls.certificate: "/c.pem" is of no use without tls.key; give both, or neither',
);
test(
  'a lease of less than 2s is refused',
  refused,
  `{ ${here}, lease: 1s }`,
  'etcd.lease: "1s" is not a whole number of seconds from 2s',
);
test(
  'a cluster whose name no key can hold is refused',
  refused,
  `{ ${here}, cluster: a/b }`,
  'etcd.cluster: "a/b" is not a name that a key can hold: letters, digits, and . _ : [ ] -',
);
