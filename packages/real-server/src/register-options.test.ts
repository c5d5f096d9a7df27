import test from 'ava';
import { parseRegisterOptions, type RawRegisterOptions } from './register-options.js';

const smallest: RawRegisterOptions = {
  etcd: ['10.0.0.5:2379'],
  cluster: 'main',
  service: 'web',
  address: '10.3.0.21',
  port: '8080',
  weight: '1',
  secondChance: false,
  check: 'tcp',
  checkPath: '/',
  interval: '2s',
  timeout: '1s',
  rise: '2',
  fall: '3',
  ttl: '10s',
  drain: '30s',
  protocol: 'tcp',
  tls: false,
  etcdTimeout: '2s',
  logLevel: 'info',
  logFormat: 'json',
};

test('a command line becomes a key, its values, and a check', (t) => {
  t.deepEqual(parseRegisterOptions(smallest), {
    etcd: { endpoints: [{ host: '10.0.0.5', port: 2379 }], timeoutMs: 2000 },
    key: '/weir/v1/main/backends/web/10.3.0.21-8080',
    serving: '{"address":"10.3.0.21","port":8080,"weight":1}',
    draining: '{"address":"10.3.0.21","port":8080,"weight":0}',
    check: {
      target: { address: '10.3.0.21', port: 8080 },
      check: { probe: { kind: 'tcp' }, intervalMs: 2000, fastIntervalMs: 500, timeoutMs: 1000, rise: 2, fall: 3 },
    },
    ttlMs: 10_000,
    drainMs: 30_000,
    drainPort: 8080,
    log: { level: 'info', format: 'json' },
  });
});

test('where nodes leave ports as they are, the key has none, and the check a port of its own', (t) => {
  const { port: _, ...rest } = smallest;
  const { key, serving, check, drainPort } = parseRegisterOptions({
    ...rest,
    address: '2001:DB8::21',
    checkAddress: '127.0.0.1',
    checkPort: '80',
  });
  t.is(key, '/weir/v1/main/backends/web/2001:db8::21');
  t.is(serving, '{"address":"2001:db8::21","weight":1}');
  t.deepEqual(check?.target, { address: '127.0.0.1', port: 80 });
  t.is(drainPort, 80);
});

test('with second chance a drain is a state', (t) => {
  const { serving, draining } = parseRegisterOptions({ ...smallest, secondChance: true, weight: '7' });
  t.like(JSON.parse(serving), { weight: 7, state: 'active' });
  t.like(JSON.parse(draining), { weight: 7, state: 'draining' });
});

test('what speaks of certificates speaks TLS', (t) => {
  t.is(parseRegisterOptions(smallest).etcd.tls, undefined);
  t.deepEqual(parseRegisterOptions({ ...smallest, tls: true }).etcd.tls, {});
  t.deepEqual(parseRegisterOptions({ ...smallest, tlsCa: '/etc/weir/ca.pem' }).etcd.tls, { ca: '/etc/weir/ca.pem' });
});

const wrong: readonly (readonly [Partial<RawRegisterOptions>, string])[] = [
  [{ etcd: ['10.0.0.5'] }, '--etcd: "10.0.0.5" is not an address with a port, such as 127.0.0.1:50051'],
  [{ address: 'web1' }, '--address: "web1" is not an IP address'],
  [{ address: '127.0.0.1' }, '--address: "127.0.0.1" is a loopback address; no router forwards to it'],
  [{ port: '0' }, '--port: "0" is not a port from 1 to 65535'],
  [{ weight: '70000' }, '--weight: "70000" is more than 65535'],
  [{ weight: 'heavy' }, '--weight: "heavy" is not a number'],
  [{ service: 'a/b' }, '--service: "a/b" is not a name that a key can hold: letters, digits, and . _ : [ ] -'],
  [{ ttl: '1s' }, '--ttl: "1s" is less than 2s, the shortest lease of etcd'],
  [{ drain: '30' }, '--drain: "30" is not a duration; write a number with its unit, such as 500ms, 3s or 2m'],
  [{ fall: '0' }, '--fall: "0" is not a number from 1 to 100'],
  [{ check: 'ping' }, '--check: "ping" is not one of tcp, http, https, none'],
  [{ check: 'http', checkPath: 'health' }, '--check-path: "health" does not begin with /'],
  [{ username: 'web' }, '--username: "web" and --password-file are of use together alone'],
];

for (const [change, message] of wrong) {
  test(`${Object.keys(change).join(' and ')} is answered: ${message}`, (t) => {
    t.throws(() => parseRegisterOptions({ ...smallest, ...change }), { code: 'ARGUMENT_INVALID', message });
  });
}

test('a check without a port to ask is refused', (t) => {
  const { port: _, ...rest } = smallest;
  t.throws(() => parseRegisterOptions(rest), {
    message: '--check: "tcp" needs --port, or --check-port where nodes leave ports as they are',
  });
  t.is(parseRegisterOptions({ ...rest, check: 'none' }).check, undefined);
});
