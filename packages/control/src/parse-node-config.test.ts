import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
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
    node: { interfaces: ['eth0'], address: '10.0.0.11' },
    dataplane: {
      mode: 'auto',
      pinDirectory: '/sys/fs/bpf/weir',
      maxServices: 64,
      maxBackends: 4096,
      tableRows: 65537,
      hashSeed: 0n,
    },
    bgp: undefined,
    runtimeDirectory: '/run/weir',
    shutdown: { drainMs: 5000 },
    log: { level: 'info', format: 'json' },
  });
  t.deepEqual(config.services, [
    {
      name: 'web',
      vip: '198.51.100.10',
      protocol: 'tcp',
      port: 80,
      method: 'ipip',
      guePort: 6080,
      scheduler: 'mh',
      tableRows: 65537,
      announce: {},
      backends: [{ name: '10.0.0.21', address: '10.0.0.21', weight: 1 }],
    },
  ]);
});

test('the reference document is valid and names every key of the schema', async (t) => {
  const config = await loadNodeConfig(reference);
  t.is(config.bgp?.peers[0]?.holdTimeMs, 9000);
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
  t.is(config.services[0]?.vip, '2001:db8::10');
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
    'services[0].port: "http" is not a number or "all" (file weir.yaml, line 7)',
  ],
  [
    'a misspelt key',
    'backends:',
    'bakends:',
    'services[0].backends: is missing (file weir.yaml, line 5)\nservices[0].bakends: is not a known key; did you mean "backends"? (file weir.yaml, line 9)',
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
    'port: 80\n    method: nat',
    'services[0].method: "nat" is not one of ipip, gue (file weir.yaml, line 8)',
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

test('a key that is given twice is a problem of the document', (t) => {
  const error = t.throws(() => parseNodeConfig(`${smallest}services: []\n`, 'weir.yaml'), { code: 'CONFIG_INVALID' });
  t.regex(error?.message ?? '', /unique.*line 10/i);
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
