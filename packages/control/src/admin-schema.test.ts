import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const document = (admin: string, more = '') =>
  `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }\nservices: []\n${more}admin: ${admin}\n`;
const TLS = 'tls: { certificate: /etc/weir/node.pem, key: /etc/weir/node.key, clientCa: /etc/weir/ca.pem }';

test('without the section the API is served at admin.sock in the runtime directory, to the group of the daemon', (t) => {
  const text = 'node: { interfaces: [eth0] }\nservices: []\nruntimeDirectory: /run/weir2\n';

  t.deepEqual(parseNodeConfig(text, 'weir.yaml').admin, {
    socket: { path: '/run/weir2/admin.sock', mode: 0o660 },
    listen: [],
    roles: [],
  });
});

test('addresses have TLS, and certificates have roles, in order', (t) => {
  const roles = 'roles: [ { subject: "alice", role: admin }, { san: "DNS:*.ops.example", role: viewer } ]';
  const text = document(
    `{ socket: /run/a.sock, socketMode: "0600", socketGroup: ops, listen: ["[fd00::1]:9645"], ${TLS}, ${roles} }`,
  );

  t.deepEqual(parseNodeConfig(text, 'weir.yaml').admin, {
    socket: { path: '/run/a.sock', mode: 0o600, group: 'ops' },
    listen: [{ host: 'fd00::1', port: 9645 }],
    tls: { certificate: '/etc/weir/node.pem', key: '/etc/weir/node.key', clientCa: '/etc/weir/ca.pem' },
    roles: [
      { of: 'subject', pattern: 'alice', role: 'admin' },
      { of: 'san', pattern: 'DNS:*.ops.example', role: 'viewer' },
    ],
  });
});

test('a socket that is off is absent', (t) => {
  t.is(parseNodeConfig(document('{ socket: off }'), 'weir.yaml').admin.socket, undefined);
});

const refused = test.macro((t, admin: string, problem: string, more?: string) => {
  const error = t.throws(() => parseNodeConfig(document(admin, more), 'weir.yaml'), { instanceOf: InvalidConfigError });
  t.is(error.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'), problem);
});

test(
  'an address without TLS is refused',
  refused,
  '{ listen: ["10.0.0.11:9645"] }',
  'admin.listen[0]: "10.0.0.11:9645" needs admin.tls: TCP is served with TLS only; leave it out for the Unix socket alone',
);

test(
  'an address that no certificate has a role for is refused',
  refused,
  `{ listen: ["10.0.0.11:9645"], ${TLS} }`,
  'admin.listen[0]: "10.0.0.11:9645" needs admin.roles: no certificate has a role, so nobody could call',
);

test('TLS without an address is refused', refused, `{ ${TLS} }`, 'admin.tls: {…} has no use without admin.listen');

test(
  'a role of neither a subject nor a SAN is refused',
  refused,
  `{ listen: ["10.0.0.11:9645"], ${TLS}, roles: [ { role: admin } ] }`,
  'admin.roles[0]: {…} has to have one of subject and san',
);

test(
  'a mode that YAML takes for a number is refused, with what helps',
  refused,
  '{ socketMode: 0660 }',
  'admin.socketMode: 0660 is not a file mode in quotes, such as "0660"',
);

test(
  'an address that metrics are served at is refused',
  refused,
  `{ listen: ["127.0.0.1:9646"], ${TLS}, roles: [ { subject: "*", role: viewer } ] }`,
  'admin.listen[0]: "127.0.0.1:9646" is metrics.listen too; take another port',
  'metrics: {}\n',
);

test(
  "a path that is longer than a socket's may be is refused",
  refused,
  `{ socket: /${'x'.repeat(107)} }`,
  `admin.socket: "/${'x'.repeat(79)}…" has more than 107 bytes, which no Unix socket may`,
);
