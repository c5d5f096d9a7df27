import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const plain = '{ address: 10.0.0.21 }';
const documentOf = (more: string, backends = plain, port: string | number = 80) =>
  `node: { interfaces: [eth0] }\nservices: [ { name: web, vip: 198.51.100.10, port: ${port}, ${more} backends: [ ${backends} ] } ]\n`;
const serviceOf = (more: string, backends = plain) =>
  parseNodeConfig(documentOf(more, backends), 'weir.yaml').services[0];
const checkOf = (more: string, backends = plain) => serviceOf(more, backends)?.backends[0]?.healthCheck;

test('without healthCheck nobody is asked: that is the default', (t) => {
  t.is(checkOf(''), undefined);
  t.is(checkOf('healthCheck: off,'), undefined);
  t.is(serviceOf('')?.minHealthy, 0);
});

test('a kind is enough: the rest has defaults', (t) => {
  t.deepEqual(checkOf('healthCheck: { kind: http },'), {
    probe: { kind: 'http', path: '/', method: 'GET', status: [[200, 399]] },
    intervalMs: 2000,
    fastIntervalMs: 500,
    timeoutMs: 1000,
    rise: 2,
    fall: 3,
  });
});

test('a short interval has a timeout and a fast interval that fit it', (t) => {
  t.like(checkOf('healthCheck: { kind: tcp, interval: 300ms },'), {
    intervalMs: 300,
    fastIntervalMs: 100,
    timeoutMs: 300,
  });
});

test('https is http with TLS, and verifies where that is asked for', (t) => {
  t.deepEqual(
    checkOf('healthCheck: { kind: https, status: [200, 300-399], tls: { serverName: shop.example, verify: true } },')
      ?.probe,
    {
      kind: 'http',
      path: '/',
      method: 'GET',
      status: [
        [200, 200],
        [300, 399],
      ],
      tls: { verify: true, serverName: 'shop.example' },
    },
  );
  t.deepEqual(checkOf('healthCheck: { kind: grpc },')?.probe, { kind: 'grpc', service: '' });
});

test("a backend's own keys stand over the service's", (t) => {
  const service = 'healthCheck: { kind: http, path: /ready, port: 8080, rise: 5, damping: {} },';
  t.like(checkOf(service, '{ address: 10.0.0.21, healthCheck: { path: /other, fall: 9 } }'), {
    probe: { kind: 'http', path: '/other' },
    port: 8080,
    rise: 5,
    fall: 9,
    damping: { changes: 3, withinMs: 300_000, holdMs: 120_000 },
  });
  t.is(checkOf(service, '{ address: 10.0.0.21, healthCheck: off }'), undefined);
});

test('a backend of another kind takes from the service what means something there', (t) => {
  const own = '{ address: 10.0.0.21, healthCheck: { kind: tcp } }';
  t.deepEqual(checkOf('healthCheck: { kind: http, path: /ready, port: 8080, interval: 5s },', own), {
    probe: { kind: 'tcp' },
    port: 8080,
    intervalMs: 5000,
    fastIntervalMs: 1250,
    timeoutMs: 1000,
    rise: 2,
    fall: 3,
  });
});

test('a backend may be checked where its service is not', (t) => {
  const own = '{ address: 10.0.0.21, healthCheck: { kind: script, command: [/bin/check, "1"] } }';
  t.deepEqual(checkOf('', own)?.probe, { kind: 'script', command: ['/bin/check', '1'] });
});

test('a fallback is a backend without a share of new flows and without a check', (t) => {
  const backends = serviceOf('healthCheck: { kind: tcp }, fallback: { address: 10.0.0.29 },')?.backends;
  t.deepEqual(backends?.[1], {
    name: '10.0.0.29',
    address: '10.0.0.29',
    weight: 0,
    maxConnections: 0,
    isFallback: true,
  });
});

test('minHealthy is a number of backends or a share of them', (t) => {
  const minHealthyOf = (written: string) =>
    serviceOf(`healthCheck: { kind: tcp }, minHealthy: ${written},`)?.minHealthy;
  t.is(minHealthyOf('3'), 3);
  t.deepEqual(minHealthyOf('50%'), { share: 0.5 });
});

const service = 'services[0]';
const check = `${service}.healthCheck`;
const own = `${service}.backends[0].healthCheck`;
/** What is said of the check, of the backends, and the whole message. */
const refused: readonly (readonly [string, string, string, (string | number)?])[] = [
  [
    'healthCheck: { kind: ping },',
    plain,
    `${check}.kind: "ping" is not one of icmp, tcp, syn, http, https, dns, grpc, script`,
  ],
  ['healthCheck: { port: 80 },', plain, `${check}.kind: is missing`],
  ['healthCheck: on,', plain, `${check}: "on" is not "off" or a mapping`],
  [
    'healthCheck: { kind: tcp, intervall: 2s },',
    plain,
    `${check}.intervall: is not a known key; did you mean "interval"?`,
  ],
  [
    'healthCheck: { kind: tcp, interval: 2 },',
    plain,
    `${check}.interval: 2 is not a duration; write a number with its unit, such as 500ms, 3s or 2m`,
  ],
  [
    'healthCheck: { kind: tcp, interval: 10ms },',
    plain,
    `${check}.interval: "10ms" is less than 100ms; probes would be a load of their own`,
  ],
  ['healthCheck: { kind: tcp, rise: 0 },', plain, `${check}.rise: 0 is less than 1`],
  [
    'healthCheck: { kind: http, path: ready },',
    plain,
    `${check}.path: "ready" is not a path; it begins with / and has only ASCII without blanks, others as %C3%BC`,
  ],
  [
    'healthCheck: { kind: http, path: /über },',
    plain,
    `${check}.path: "/über" is not a path; it begins with / and has only ASCII without blanks, others as %C3%BC`,
  ],
  [
    'healthCheck: { kind: grpc, tls: { serverName: a b/c } },',
    plain,
    `${check}.tls.serverName: "a b/c" is not a host name; write one such as shop.example`,
  ],
  ['healthCheck: { kind: http, status: 700 },', plain, `${check}.status: 700 is not within 100-599, the codes of HTTP`],
  [
    'healthCheck: { kind: http, status: ok },',
    plain,
    `${check}.status: "ok" is not a status code or a range of them such as "200-399"`,
  ],
  [
    'healthCheck: { kind: http, status: [399-200] },',
    plain,
    `${check}.status[0]: "399-200" ends before it begins; write "200-399"`,
  ],
  [
    'healthCheck: { kind: tcp, path: / },',
    plain,
    `${check}.path: "/" has no meaning with kind tcp; leave it out, or set kind to http or https`,
  ],
  [
    'healthCheck: { kind: http, tls: {} },',
    plain,
    `${check}.tls: {} has no meaning with kind http; leave it out, or set kind to https or grpc`,
  ],
  [
    'healthCheck: { kind: icmp, port: 80 },',
    plain,
    `${check}.port: 80 has no meaning with kind icmp; leave it out, or set kind to tcp or syn or http or https or dns or grpc or script`,
  ],
  [
    'healthCheck: { kind: https, tls: { ca: /ca.pem } },',
    plain,
    `${check}.tls.ca: "/ca.pem" has no meaning without verify: true, which looks at who signed`,
  ],
  [
    'healthCheck: { kind: http, method: HEAD, body: ok },',
    plain,
    `${check}.body: "ok" can't be had with method HEAD, whose answers have no body; use GET`,
  ],
  ['healthCheck: { kind: dns },', plain, `${check}.name: is missing; kind dns asks for a name that the backend knows`],
  [
    'healthCheck: { kind: dns, name: a..b },',
    plain,
    `${check}.name: "a..b" is not a domain name; write one such as example.org`,
  ],
  [
    'healthCheck: { kind: script },',
    plain,
    `${check}.command: is missing; kind script runs a program, such as [/usr/local/bin/check]`,
  ],
  ['healthCheck: { kind: script, command: [] },', plain, `${check}.command: [] names no program`],
  [
    'healthCheck: { kind: script, command: [check] },',
    plain,
    `${check}.command: […] does not begin with the absolute path of a program`,
  ],
  [
    'healthCheck: { kind: tcp, interval: 1s, fastInterval: 2s },',
    plain,
    `${check}.fastInterval: "2s" is longer than interval, 1000 ms; while the verdict may be changing, probes come more often and not less`,
  ],
  [
    'healthCheck: { kind: tcp, timeout: 3s },',
    plain,
    `${check}.timeout: "3s" is longer than interval, 2000 ms; a probe ends before the next one begins`,
  ],
  ['healthCheck: { kind: tcp, damping: { changes: 1 } },', plain, `${check}.damping.changes: 1 is less than 2`],
  [
    'healthCheck: { kind: tcp },',
    plain,
    `${check}.port: is missing; the service has no single port that a probe could go to`,
    'all',
  ],
  [
    '',
    '{ address: 10.0.0.21, healthCheck: { path: / } }',
    `${own}.kind: is missing, and the service has no healthCheck that it could come from`,
  ],
  [
    'healthCheck: { kind: tcp },',
    '{ address: 10.0.0.21, healthCheck: { path: / } }',
    `${own}.path: "/" has no meaning with kind tcp; leave it out, or set kind to http or https`,
  ],
  [
    'healthCheck: { kind: tcp, timeout: 1s },',
    '{ address: 10.0.0.21, healthCheck: { interval: 500ms } }',
    `${own}.interval: "500ms" is shorter than timeout, 1000 ms, which comes from the service`,
  ],
  [
    'minHealthy: 2,',
    plain,
    `${service}.minHealthy: 2 has no meaning without healthCheck or passiveCheck, which find out who is healthy`,
  ],
  ['healthCheck: { kind: tcp }, minHealthy: 120%,', plain, `${service}.minHealthy: "120%" is more than 100%`],
  [
    'healthCheck: { kind: tcp }, minHealthy: half,',
    plain,
    `${service}.minHealthy: "half" is not a number of backends or a share such as "50%"`,
  ],
  [
    'fallback: { address: 10.0.0.21 },',
    plain,
    `${service}.fallback.address: "10.0.0.21" is that of services[0].backends[0] too; a fallback is another machine or port`,
  ],
  [
    'fallback: { address: 10.0.0.29, port: 81 },',
    plain,
    `${service}.fallback.port: 81 can't be had with method ipip, which leaves ports as they are; use nat or fullnat`,
  ],
  [
    'method: nat, fallback: { address: "fd00::29" },',
    plain,
    `${service}.fallback.address: "fd00::29" is not of the family of the VIP, 198.51.100.10; method nat does not cross families, ipip, gre and gue do`,
  ],
  [
    'fallback: { address: 198.51.100.10 },',
    plain,
    `${service}.fallback.address: "198.51.100.10" is a VIP; a backend has an address of its own`,
  ],
];
for (const [more, backends, message, port] of refused) {
  test(`${more} ${backends === plain ? '' : backends} ${port ?? ''}: refused, with what would be right`, (t) => {
    const error = t.throws(() => parseNodeConfig(documentOf(more, backends, port), 'weir.yaml'), {
      instanceOf: InvalidConfigError,
    });
    t.deepEqual(
      error?.problems.map(({ path, message: text }) => `${path}: ${text}`),
      [message],
    );
  });
}
