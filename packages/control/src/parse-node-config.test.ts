import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { loadNodeConfig, nodeConfigJsonSchema, parseNodeConfig } from './parse-node-config.js';

const smallest = `node:
  interfaces: [eth0]
  address: 10.0.0.11
services:
  - name: web
    vip: 198.51.100.10
    port: 80
    backends:
      - address: 10.0.0.21
`;

const reference = fileURLToPath(new URL('../weir.reference.yaml', import.meta.url));
const schemaFile = fileURLToPath(new URL('../schema/weir.schema.json', import.meta.url));

test('a small document gets every default, with units in names', (t) => {
  const config = parseNodeConfig(smallest, 'weir.yaml');
  t.like(config, {
    node: { interfaces: ['eth0'], address: '10.0.0.11', localAddresses: [] },
    dataplane: {
      engine: 'xdp',
      mode: 'auto',
      pinDirectory: '/sys/fs/bpf/weir',
      maxServices: 64,
      maxBackends: 4096,
      maxFlows: 1_048_576,
      tableRows: 65537,
      hashSeed: 0n,
      timeouts: {
        tcpSynMs: 60_000,
        tcpMs: 900_000,
        tcpFinMs: 120_000,
        tcpCloseMs: 10_000,
        udpMs: 300_000,
        otherMs: 300_000,
        fragmentMs: 15_000,
      },
    },
    guard: { deny: [], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 },
    bgp: undefined,
    runtimeDirectory: '/run/weir',
    shutdown: { drainMs: 5000 },
    log: { level: 'info', format: 'json' },
  });
  t.deepEqual(config.services, [
    {
      name: 'web',
      listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
      method: 'ipip',
      guePort: 6080,
      gueHeader: 'gue',
      toa: false,
      scheduler: 'mh',
      tableRows: 65537,
      slowStartMs: 0,
      healthCheck: 'off',
      minHealthy: 0,
      announce: {},
      backends: [{ name: '10.0.0.21', address: '10.0.0.21', weight: 1, maxConnections: 0 }],
    },
  ]);
});

test('the reference document is valid and names every key of the schema', async (t) => {
  const config = await loadNodeConfig(reference);
  t.is(config.bgp?.peers[0]?.holdTimeMs, 3000);
  t.deepEqual(config.services[1]?.announce, config.bgp?.announce);
  const text = await readFile(reference, 'utf8');
  const keys = new Set<string>();
  JSON.stringify(nodeConfigJsonSchema(), (key, value) => {
    if (key === 'properties') for (const name of Object.keys(value)) keys.add(name);
    return value;
  });
  t.deepEqual(
    [...keys].filter((key) => !new RegExp(`\\b${key}:`).test(text)),
    [],
  );
});

test('the JSON Schema that is shipped is the one of the code', async (t) => {
  const schema = `${JSON.stringify(nodeConfigJsonSchema(), undefined, 2)}\n`;
  if (process.env.WEIR_UPDATE_SCHEMA === '1') await writeFile(schemaFile, schema);
  t.is(await readFile(schemaFile, 'utf8'), schema, 'run the tests with WEIR_UPDATE_SCHEMA=1');
});

test('a configuration is frozen to its last value', (t) => {
  const config = parseNodeConfig(smallest, 'weir.yaml');
  t.true(Object.isFrozen(config.services[0]?.backends[0]));
});

test('addresses are told apart by what they are, not by how they are written', (t) => {
  const config = parseNodeConfig(smallest.replace('198.51.100.10', '"2001:DB8:0:0::10"'), 'weir.yaml');
  t.is(config.services[0]?.listeners[0]?.vip, '2001:db8::10');
});

/** What is changed in the smallest document, and the whole message that it gives. */
const wrong: readonly (readonly [string, string, string, string])[] = [
  [
    'an address with a part missing',
    '10.0.0.21',
    '10.3.1',
    'services[0].backends[0].address: "10.3.1" is not an IP address (file weir.yaml, line 9)',
  ],
  [
    'a VIP that is no address',
    '198.51.100.10',
    '300.0.0.1',
    'services[0].vip: "300.0.0.1" is not an IP address (file weir.yaml, line 6)',
  ],
  [
    'a port out of range',
    'port: 80',
    'port: 70000',
    'services[0].port: 70000 is more than 65535 (file weir.yaml, line 7)',
  ],
  [
    'a port that is a word',
    'port: 80',
    'port: http',
    'services[0].port: "http" is not a port, a range of ports such as "8000-8999", or "all" (file weir.yaml, line 7)',
  ],
  [
    'a misspelt key',
    'backends:',
    'bakends:',
    'services[0].bakends: is not a known key; did you mean "backends"? (file weir.yaml, line 8)\nservices[0].backends: is missing (file weir.yaml, line 5)',
  ],
  [
    'a key that resembles none',
    '    port: 80',
    '    port: 80\n    colour: red',
    'services[0].colour: is not a known key (file weir.yaml, line 8)',
  ],
  [
    'a VIP without backends',
    '\n      - address: 10.0.0.21',
    ' []',
    'services[0].backends: [] has no backend; a VIP without backends serves nobody (file weir.yaml, line 8)',
  ],
  [
    'a backend that is a VIP',
    '- address: 10.0.0.21',
    '- address: 198.51.100.10',
    'services[0].backends[0].address: "198.51.100.10" is a VIP; a backend has an address of its own (file weir.yaml, line 9)',
  ],
  [
    'the same backend twice',
    '- address: 10.0.0.21',
    '- address: 10.0.0.21\n      - address: 10.0.0.21',
    'services[0].backends[1].address: "10.0.0.21" is the address of services[0].backends[0] too (file weir.yaml, line 10)',
  ],
  [
    'a negative weight',
    '10.0.0.21',
    '10.0.0.21\n        weight: -1',
    'services[0].backends[0].weight: -1 is less than 0 (file weir.yaml, line 10)',
  ],
  [
    'a GUE port without GUE',
    'port: 80',
    'port: 80\n    guePort: 6080',
    'services[0].guePort: 6080 has no meaning with method ipip; leave it out, or set method to gue (file weir.yaml, line 8)',
  ],
  [
    'a method that is not there',
    'port: 80',
    'port: 80\n    method: masq',
    'services[0].method: "masq" is not one of nat, fullnat, dr, ipip, gre, gue (file weir.yaml, line 8)',
  ],
  ['no interface', '[eth0]', '[]', 'node.interfaces: [] names no interface (file weir.yaml, line 2)'],
  [
    'table rows that are no prime',
    'port: 80',
    'port: 80\n    tableRows: 65536',
    'services[0].tableRows: 65536 is not a prime; 65537 is a good one (file weir.yaml, line 8)',
  ],
  [
    'a duration without a unit',
    'services:',
    'shutdown: { drain: 5 }\nservices:',
    'shutdown.drain: 5 is not a duration; write a number with its unit, such as 500ms, 3s or 2m (file weir.yaml, line 4)',
  ],
  [
    'a duration with a strange unit',
    'services:',
    'shutdown: { drain: 5sec }\nservices:',
    'shutdown.drain: "5sec" is not a duration; write a number with its unit, such as 500ms, 3s or 2m (file weir.yaml, line 4)',
  ],
  [
    'a list where a mapping belongs',
    'services:',
    'shutdown: []\nservices:',
    'shutdown: [] is not a mapping (file weir.yaml, line 4)',
  ],
  [
    'a hold time that BGP forbids',
    'services:',
    bgpOf('holdTime: 1s'),
    'bgp.peers[0].holdTime: "1s" is less than 3s, the least that BGP allows (RFC 4271, section 4.2) (file weir.yaml, line 4)',
  ],
  [
    'a keepalive as long as the hold time',
    'services:',
    bgpOf('holdTime: 3s, keepalive: 3s'),
    'bgp.peers[0].keepalive: "3s" is not less than holdTime (file weir.yaml, line 4)',
  ],
  [
    'graceful restart that is neither',
    'services:',
    bgpOf('passive: false', 'gracefulRestart: on'),
    'bgp.gracefulRestart: "on" is not a duration; write a number with its unit, such as 500ms, 3s or 2m (file weir.yaml, line 4)',
  ],
  [
    'a community that is none',
    'services:',
    bgpOf('passive: false', 'announce: { communities: ["1:2:3"] }'),
    'bgp.announce.communities[0]: "1:2:3" is not a community; write two numbers such as "64512:100", or a name such as no-export (file weir.yaml, line 4)',
  ],
  [
    'a known key at the wrong place',
    'port: 80',
    'port: 80\n    interfaces: [eth1]',
    'services[0].interfaces: is not a known key (file weir.yaml, line 8)',
  ],
  [
    'a multicast VIP',
    '198.51.100.10',
    '224.0.0.5',
    'services[0].vip: "224.0.0.5" is a multicast address; no router forwards to it (file weir.yaml, line 6)',
  ],
  [
    'an IPv4 backend in the clothes of IPv6',
    '10.0.0.21',
    '"::ffff:10.0.0.21"',
    'services[0].backends[0].address: "::ffff:10.0.0.21" is an IPv4 address written as IPv6; no router forwards to it (file weir.yaml, line 9)',
  ],
  [
    'two backends of one name',
    '- address: 10.0.0.21',
    '- { name: a, address: 10.0.0.21 }\n      - { name: a, address: 10.0.0.22 }',
    'services[0].backends[1].name: "a" is the name of services[0].backends[0] too (file weir.yaml, line 10)',
  ],
  [
    'an interface that is named twice',
    '[eth0]',
    '[eth0, eth0]',
    'node.interfaces[1]: "eth0" is node.interfaces[0] too (file weir.yaml, line 2)',
  ],
  [
    'more rows than there is room for',
    'port: 80',
    'port: 80\n    tableRows: 65539',
    'services[0].tableRows: 65539 is more than dataplane.tableRows, 65537, which room is made for (file weir.yaml, line 8)',
  ],
  [
    'more backends than there is room for',
    'services:',
    'dataplane: { maxBackends: 1 }\nservices:\n  - { name: dns, vip: 198.51.100.11, port: 53, backends: [{ address: 10.0.0.21 }] }',
    'dataplane.maxBackends: 1 is less than the 2 backends below (file weir.yaml, line 4)',
  ],
  [
    'a seed that a number does not hold exactly',
    'services:',
    'dataplane: { hashSeed: 18446744073709551615 }\nservices:',
    'dataplane.hashSeed: 18446744073709551615 is not a whole number below 2^53; write a larger one as text, such as "0x1f" (file weir.yaml, line 4)',
  ],
  [
    'a duration of mixed units',
    'services:',
    'shutdown: { drain: 1m30s }\nservices:',
    'shutdown.drain: "1m30s" is not a duration; write a number with its unit, such as 500ms, 3s or 2m (file weir.yaml, line 4)',
  ],
  [
    'a duration that no timer counts',
    'services:',
    'shutdown: { drain: 1000h }\nservices:',
    'shutdown.drain: "1000h" is more than 24h (file weir.yaml, line 4)',
  ],
  [
    'a hold time of half seconds',
    'services:',
    bgpOf('holdTime: 3.5s'),
    'bgp.peers[0].holdTime: "3.5s" is not a whole number of seconds, as BGP counts them; write 3s, for example (file weir.yaml, line 4)',
  ],
  [
    'a restart time that BGP has no bits for',
    'services:',
    bgpOf('passive: false', 'gracefulRestart: 2h'),
    'bgp.gracefulRestart: "2h" is more than 4095s, the most that BGP can say (RFC 4724, section 3) (file weir.yaml, line 4)',
  ],
  [
    'a local address of the other family',
    'services:',
    bgpOf('localAddress: "fd00::1"'),
    'bgp.peers[0].localAddress: "fd00::1" is not of the family of the peer, 10.0.0.1 (file weir.yaml, line 4)',
  ],
  [
    'the same peer twice',
    'services:',
    bgpOf('port: 179 }, { address: 10.0.0.1, asn: 64500'),
    'bgp.peers[1].address: "10.0.0.1" is the address of bgp.peers[0] too (file weir.yaml, line 4)',
  ],
  [
    'BGP without any router ID',
    '  address: 10.0.0.11\n',
    `${bgpOf('passive: false', 'announce: { nextHop: 10.0.0.11 }').replace('services:', '')}`,
    'bgp.routerId: is needed where node.address is not given (file weir.yaml, line 3)',
  ],
  [
    'a password that is no text, which is not shown',
    'services:',
    bgpOf('password: 1234567'),
    'bgp.peers[0].password: (not shown) is not text (file weir.yaml, line 4)',
  ],
  [
    'a peer that is no list, whose password is not shown either',
    'services:',
    'bgp: { asn: 64512, peers: { address: 10.0.0.1, password: hush } }\nservices:',
    'bgp.peers: {…} is not a list (file weir.yaml, line 4)',
  ],
  [
    'an alias of nothing',
    'port: 80',
    'port: *web',
    '*web refers to no anchor; &web must stand before it (file weir.yaml, line 7)',
  ],
  [
    'a second document',
    'services:',
    '---\nservices:',
    'a second document begins with ---; the file holds one (file weir.yaml, line 4)',
  ],
  ['a tag that YAML does not know', 'port: 80', 'port: !port 80', 'Unresolved tag: !port (file weir.yaml, line 7)'],
  ['a list at the top', smallest, '- web\n', '[…] is not a mapping (file weir.yaml, line 1)'],
  ['broken YAML', 'name: web', 'name: "web', 'Missing closing "quote (file weir.yaml, line 10)'],
];

function bgpOf(peer: string, more = 'listenPort: 179'): string {
  return `bgp: { asn: 64512, ${more}, peers: [ { address: 10.0.0.1, asn: 64500, ${peer} } ] }\nservices:`;
}

for (const [title, part, by, message] of wrong) {
  test(`${title} is answered with the field, the value and the line`, (t) => {
    const text = smallest.replace(part, by);
    t.not(text, smallest);
    const error = t.throws(() => parseNodeConfig(text, 'weir.yaml'), { code: 'CONFIG_INVALID' });
    t.is(error?.message, message);
  });
}

test('the same VIP, protocol and port twice is refused, the same VIP on two ports is not', (t) => {
  const second = smallest.slice(smallest.indexOf('  - name: web')).replace('web', 'web2');
  t.throws(() => parseNodeConfig(smallest + second, 'weir.yaml'), {
    message: 'services[1].vip: "198.51.100.10" with tcp port 80 is the same as services[0] (file weir.yaml, line 11)',
  });
  t.notThrows(() => parseNodeConfig(smallest + second.replace('port: 80', 'port: 443'), 'weir.yaml'));
});

test('all problems of a document are reported at once', (t) => {
  const text = smallest.replace('198.51.100.10', 'nowhere').replace('port: 80', 'port: 0');
  const error = t.throws(() => parseNodeConfig(text, 'weir.yaml'));
  t.is(error?.message.split('\n').length, 2);
});

test('a problem of one service does not hide that two others contradict each other', (t) => {
  const second = smallest.slice(smallest.indexOf('  - name: web')).replace('web', 'web2');
  const third = second.replace('web2', 'web3').replace('10.0.0.21', 'nowhere');
  t.throws(() => parseNodeConfig(smallest + second + third, 'weir.yaml'), {
    message: [
      'services[2].backends[0].address: "nowhere" is not an IP address (file weir.yaml, line 19)',
      'services[1].vip: "198.51.100.10" with tcp port 80 is the same as services[0] (file weir.yaml, line 11)',
    ].join('\n'),
  });
});

test('two services of one VIP are announced alike or refused', (t) => {
  const second = smallest
    .slice(smallest.indexOf('  - name: web'))
    .replace('web', 'web2')
    .replace('port: 80', 'port: 443');
  t.throws(() => parseNodeConfig(`${smallest}${second}    announce: { med: 5 }\n`, 'weir.yaml'), {
    message:
      'services[1].announce: {…} differs from that of services[0]; routers know the VIP by one route, whatever the port (file weir.yaml, line 15)',
  });
});

test('a VIP that is to be announced has a next hop of its family', (t) => {
  const text = smallest.replace('198.51.100.10', '"2001:db8::10"').replace('services:', bgpOf('passive: false'));
  t.throws(() => parseNodeConfig(text, 'weir.yaml'), {
    message:
      'services[0].vip: "2001:db8::10" can\'t be announced without a next hop; give node.address6 (file weir.yaml, line 7)',
  });
  t.notThrows(() =>
    parseNodeConfig(text.replace('port: 80', 'port: 80\n    announce: { nextHop6: "fd00::1" }'), 'weir.yaml'),
  );
});

test('backends may be shared by an alias, and a problem in them names the line where they are written', (t) => {
  const shared = (address: string) =>
    `${smallest.replace('backends:', 'backends: &all').replace('10.0.0.21', address)}  - { name: tls, vip: 198.51.100.10, port: 443, backends: *all }\n`;
  t.is(parseNodeConfig(shared('10.0.0.21'), 'weir.yaml').services[1]?.backends[0]?.address, '10.0.0.21');
  t.throws(() => parseNodeConfig(shared('10.3.1'), 'weir.yaml'), {
    message: /services\[1\]\.backends\[0\]\.address: "10\.3\.1" is not an IP address \(file weir\.yaml, line 9\)$/,
  });
});

test('aliases of aliases that would fill the memory are refused', (t) => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]\n`);
  const error = t.throws(() => parseNodeConfig(`l0: &l0 [x]\n${levels.join('')}`, 'weir.yaml'), {
    code: 'CONFIG_INVALID',
  });
  t.regex(error?.message ?? '', /alias/);
});

test('a problem carries path, line and value for programs; a secret and a list carry none', (t) => {
  const text = smallest
    .replace('services:', bgpOf('password: 1'))
    .replace('port: 80', 'port: 0')
    .replace('[eth0]', '[]');
  const error = t.throws(() => parseNodeConfig(text, 'weir.yaml'), { instanceOf: InvalidConfigError });
  t.deepEqual(error?.problems, [
    { path: 'node.interfaces', message: '[] names no interface', line: 2 },
    { path: 'bgp.peers[0].password', message: '(not shown) is not text', line: 4 },
    { path: 'services[0].port', message: '0 is less than 1', line: 8, value: 0 },
  ]);
});

test('a keepalive that is not given is a third of the hold time, in whole seconds', (t) => {
  const config = parseNodeConfig(smallest.replace('services:', bgpOf('holdTime: 10s')), 'weir.yaml');
  t.like(config.bgp?.peers[0], { holdTimeMs: 10_000, keepaliveMs: 3_000 });
});

test('a seed of all 64 bits is kept exactly', (t) => {
  const text = smallest.replace('services:', 'dataplane: { hashSeed: "0xffffffffffffffff" }\nservices:');
  t.is(parseNodeConfig(text, 'weir.yaml').dataplane.hashSeed, 0xffff_ffff_ffff_ffffn);
});

test('graceful restart may be off, and a service may have only backends without weight', (t) => {
  const text = smallest
    .replace('services:', bgpOf('passive: false', 'gracefulRestart: off'))
    .replace('10.0.0.21', '10.0.0.21\n        weight: 0');
  const config = parseNodeConfig(text, 'weir.yaml');
  t.deepEqual(config.bgp?.gracefulRestart, { enabled: false, restartTimeMs: 0 });
  t.is(config.services[0]?.backends[0]?.weight, 0);
});

test('a key that is given twice is a problem of the document', (t) => {
  t.throws(() => parseNodeConfig(`${smallest}services: []\n`, 'weir.yaml'), {
    code: 'CONFIG_INVALID',
    message: '"services" is written twice in one mapping (file weir.yaml, line 10)',
  });
});

test('an empty document is told what it lacks', (t) => {
  t.throws(() => parseNodeConfig('', 'weir.yaml'), {
    message: 'node: is missing (file weir.yaml, line 1)\nservices: is missing (file weir.yaml, line 1)',
  });
});

test('a file that is not there is named', async (t) => {
  await t.throwsAsync(loadNodeConfig('/nowhere/weir.yaml'), {
    code: 'CONFIG_UNREADABLE',
    message: /\/nowhere\/weir\.yaml can't be read: ENOENT/,
  });
});
