import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const documentOf = (services: string, node = '') =>
  `node: { interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11"${node} }\nservices: [ ${services} ]\n`;
const plain = '{ address: 10.0.0.21 }';
const serviceOf = (more: string, backends = plain) =>
  `{ name: web, vip: 198.51.100.10, port: 80, ${more} backends: [ ${backends} ] }`;
const listenersOf = (listeners: string, more = '', backends = plain) =>
  `{ name: web, listeners: [ ${listeners} ], ${more} backends: [ ${backends} ] }`;
const localAddresses = ', localAddresses: [10.0.0.111]';

/** The messages, without the place in the file, that each document ends with. */
function problemsOf(text: string): readonly string[] {
  try {
    parseNodeConfig(text, 'weir.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const impossible: readonly (readonly [string, string, string])[] = [
  [
    'port mapping with direct routing',
    documentOf(serviceOf('method: dr,', '{ address: 10.0.0.21, port: 8080 }')),
    "services[0].backends[0].port: 8080 can't be had with method dr, which leaves ports as they are; use nat or fullnat",
  ],
  [
    'port mapping with a tunnel, also to the same port',
    documentOf(serviceOf('method: gre,', '{ address: 10.0.0.21, port: 80 }')),
    "services[0].backends[0].port: 80 can't be had with method gre, which leaves ports as they are; use nat or fullnat",
  ],
  [
    'port mapping for SCTP',
    documentOf(serviceOf('protocol: sctp, method: nat,', '{ address: 10.0.0.21, port: 8080 }')),
    "services[0].backends[0].port: 8080 can't be had with protocol sctp, whose checksum of the whole packet covers the ports",
  ],
  ...['nat', 'dr'].map(
    (method) =>
      [
        `a backend of the other family with ${method}`,
        documentOf(serviceOf(`method: ${method},`, '{ address: "fd00::21" }')),
        `services[0].backends[0].address: "fd00::21" is not of the family of the VIP, 198.51.100.10; method ${method} does not cross families, ipip, gre and gue do`,
      ] as const,
  ),
  [
    'VIPs of both families in one service with nat',
    documentOf(listenersOf('{ vip: 198.51.100.10, port: 80 }, { vip: "2001:db8::10", port: 80 }', 'method: nat,')),
    'services[0].backends[0].address: "10.0.0.21" is not of the family of the VIP, 2001:db8::10; method nat does not cross families, ipip, gre and gue do',
  ],
  [
    'nat for ESP',
    documentOf(
      '{ name: vpn, vip: 198.51.100.10, protocol: esp, port: all, method: nat, backends: [ { address: 10.0.0.21 } ] }',
    ),
    'services[0].method: "nat" can\'t serve protocol esp, whose packets are authenticated as they are; use dr, ipip, gre or gue',
  ],
  [
    'fullnat for SCTP',
    documentOf(serviceOf('protocol: sctp, method: fullnat,'), localAddresses),
    'services[0].method: "fullnat" can\'t serve protocol sctp, whose checksum of the whole packet covers the ports; use nat',
  ],
  [
    'fullnat without any local address',
    documentOf(serviceOf('method: fullnat,')),
    'services[0].method: "fullnat" needs an IPv4 address in node.localAddresses, which packets to backends come from',
  ],
  [
    'fullnat with a local address of the other family only',
    documentOf(
      '{ name: web, vip: "2001:db8::10", port: 80, method: fullnat, backends: [ { address: "fd00::21" } ] }',
      localAddresses,
    ),
    'services[0].method: "fullnat" needs an IPv6 address in node.localAddresses, which packets to backends come from',
  ],
  [
    'a lower threshold that equals the upper one',
    documentOf(serviceOf('', '{ address: 10.0.0.21, maxConnections: 100, minConnections: 100 }')),
    'services[0].backends[0].minConnections: 100 is not less than maxConnections, 100',
  ],
  [
    'a lower threshold without an upper one',
    documentOf(serviceOf('', '{ address: 10.0.0.21, minConnections: 100 }')),
    'services[0].backends[0].minConnections: 100 has no meaning without maxConnections',
  ],
  [
    'TOA without fullnat',
    documentOf(serviceOf('method: nat, toa: true,')),
    'services[0].toa: true has no meaning with method nat; leave it out, or set method to fullnat',
  ],
  [
    'TOA without TCP',
    documentOf(serviceOf('protocol: udp, method: fullnat, toa: true,'), localAddresses),
    'services[0].toa: true has no meaning without protocol tcp; leave it out',
  ],
  [
    'an MSS without TCP',
    documentOf(serviceOf('protocol: udp, mssClamp: 1400,')),
    'services[0].mssClamp: 1400 has no meaning without protocol tcp; leave it out',
  ],
  [
    'a GUE header without GUE',
    documentOf(serviceOf('method: gre, gueHeader: none,')),
    'services[0].gueHeader: "none" has no meaning with method gre; leave it out, or set method to gue',
  ],
  [
    'pinning with nat',
    documentOf(serviceOf('method: nat, pinning: {},')),
    'services[0].pinning: {} has no meaning with method nat, which remembers every flow',
  ],
  [
    'pinning with wlc',
    documentOf(serviceOf('scheduler: wlc, pinning: { learn: 5s },')),
    'services[0].pinning: {…} has no meaning with scheduler wlc, which remembers every flow; it is for mh, rendezvous, sh and dh',
  ],
  [
    'pinning beside persistence',
    documentOf(serviceOf('persistence: {}, pinning: {},')),
    'services[0].pinning: {} has no meaning beside persistence, which remembers every flow',
  ],
  [
    'slow start where weights are not looked at',
    documentOf(serviceOf('scheduler: rr, slowStart: 10s,')),
    'services[0].slowStart: "10s" has no meaning with scheduler rr, which does not look at weights; use wrr',
  ],
  [
    'more backends than a scheduler compares',
    documentOf(
      serviceOf(
        'scheduler: lc,',
        Array.from({ length: 1025 }, (_, i) => `{ address: 10.1.${i >> 8}.${i & 255} }`).join(),
      ),
    ),
    'services[0].backends: […] has 1025 backends; scheduler lc compares 1024 at most',
  ],
  [
    'more backends than a table has rows',
    documentOf(serviceOf('tableRows: 2,', '{ address: 10.0.0.21 }, { address: 10.0.0.22 }, { address: 10.0.0.23 }')),
    'services[0].backends: […] has 3 backends, and its table 2 rows; raise tableRows',
  ],
  [
    'a backend twice with the same port',
    documentOf(serviceOf('method: nat,', '{ address: 10.0.0.21, port: 81 }, { address: 10.0.0.21, port: 81 }')),
    'services[0].backends[1].address: "10.0.0.21" is the address of services[0].backends[0] too',
  ],
  [
    'ESP on a port',
    documentOf(serviceOf('protocol: esp,')),
    'services[0].port: 80 has no meaning with protocol esp, which has no ports; write all',
  ],
  [
    'two ranges that overlap',
    documentOf(listenersOf('{ vip: 198.51.100.10, port: 8000-8999 }, { vip: 198.51.100.10, port: 8999-9005 }')),
    'services[0].listeners[1].port: "8999-9005" overlaps 8000-8999 of services[0].listeners[0]',
  ],
  [
    'a range that ends before it begins',
    documentOf(serviceOf('').replace('port: 80', 'port: 8999-8000')),
    'services[0].port: "8999-8000" ends before it begins; write "8000-8999"',
  ],
  [
    'a range beyond the last port',
    documentOf(serviceOf('').replace('port: 80', 'port: 60000-70000')),
    'services[0].port: "60000-70000" ends above port 65535',
  ],
  [
    'a listener that another service has',
    documentOf(
      `${serviceOf('')}, ${listenersOf('{ vip: 198.51.100.11, port: 80 }, { vip: 198.51.100.10, port: 80 }').replace('web', 'shop')}`,
    ),
    'services[1].listeners[1].vip: "198.51.100.10" with tcp port 80 is the same as services[0]',
  ],
  [
    'a range more than the data plane looks through',
    documentOf(
      listenersOf(Array.from({ length: 17 }, (_, i) => `{ vip: 198.51.100.10, port: ${i + 1}000-${i + 1}009 }`).join()),
    ),
    'services[0].listeners[16].port: "17000-17009" is one range more than the 16 that 198.51.100.10 may have of tcp',
  ],
  [
    'a VIP beside listeners',
    documentOf(
      `{ name: web, vip: 198.51.100.10, listeners: [ { vip: 198.51.100.11, port: 80 } ], backends: [ ${plain} ] }`,
    ),
    'services[0].vip: "198.51.100.10" stands beside listeners, which say the same; leave out one of them',
  ],
  ['no listener at all', documentOf(listenersOf('')), 'services[0].listeners: [] names no listener'],
  ['an MSS that no link has', documentOf(serviceOf('mssClamp: 100,')), 'services[0].mssClamp: 100 is less than 536'],
  [
    'a netmask as ipvsadm has it',
    documentOf(serviceOf('persistence: { netmask: 255.255.255.0 },')),
    'services[0].persistence.netmask: "255.255.255.0" is not a number',
  ],
];

for (const [title, text, problem] of impossible) {
  test(`${title} is refused with the reason`, (t) => {
    t.deepEqual(problemsOf(text), [problem]);
  });
}

test('an entry without VIP and listeners is told so, whatever else is wrong with it', (t) => {
  t.deepEqual(problemsOf(documentOf('{ name: web, backends: [ { address: 10.3.1 } ] }')), [
    'services[0].backends[0].address: "10.3.1" is not an IP address',
    'services[0].vip: is missing',
    'services[0].port: is missing',
  ]);
});

test('a range becomes its first and last port, one of a single port a number', (t) => {
  const { services } = parseNodeConfig(
    documentOf(listenersOf('{ vip: 198.51.100.10, port: 8000-8999 }, { vip: 198.51.100.10, port: 80-80 }')),
    'weir.yaml',
  );
  t.deepEqual(services[0]?.listeners, [
    { vip: '198.51.100.10', protocol: 'tcp', port: { first: 8000, last: 8999 } },
    { vip: '198.51.100.10', protocol: 'tcp', port: 80 },
  ]);
});

const possible: readonly (readonly [string, string])[] = [
  [
    'a port inside a range, and all ports beside them',
    listenersOf(
      '{ vip: 198.51.100.10, port: 80 }, { vip: 198.51.100.10, port: 1-100 }, { vip: 198.51.100.10, port: all }',
    ),
  ],
  [
    'the same range of two protocols',
    listenersOf('{ vip: 198.51.100.10, port: 1-100 }, { vip: 198.51.100.10, protocol: udp, port: 50-60 }'),
  ],
  [
    'VIPs of both families with a tunnel',
    listenersOf('{ vip: 198.51.100.10, port: 80 }, { vip: "2001:db8::10", port: 80 }', 'method: gre,'),
  ],
  [
    'one address on two ports with nat',
    serviceOf('method: nat,', '{ address: 10.0.0.21, port: 81 }, { address: 10.0.0.21, port: 82 }'),
  ],
  ['nat for SCTP with the port as it is', serviceOf('protocol: sctp, method: nat,')],
  [
    'thresholds with a scheduler that keeps no flows',
    serviceOf('scheduler: mh,', '{ address: 10.0.0.21, maxConnections: 9, minConnections: 8 }'),
  ],
  [
    'TOA with TCP among the listeners',
    listenersOf(
      '{ vip: 198.51.100.10, port: 80 }, { vip: 198.51.100.10, protocol: udp, port: 443 }',
      'method: fullnat, toa: true,',
    ),
  ],
  ['pinning with sh and dr', serviceOf('scheduler: sh, method: dr, pinning: { learn: 10s, hold: 1h },')],
  ['slow start with lblc', serviceOf('scheduler: lblc, slowStart: 30s,')],
];
for (const [title, service] of possible) {
  test(`${title}: that is possible`, (t) => {
    t.deepEqual(problemsOf(documentOf(service, localAddresses)), []);
  });
}

test('two backends of one address are told apart by their ports in names as well', (t) => {
  const { services } = parseNodeConfig(
    documentOf(serviceOf('method: nat,', '{ address: 10.0.0.21, port: 81 }, { address: 10.0.0.21 }')),
    'weir.yaml',
  );
  t.deepEqual(
    services[0]?.backends.map(({ name, port }) => [name, port]),
    [
      ['10.0.0.21:81', 81],
      ['10.0.0.21', undefined],
    ],
  );
});
