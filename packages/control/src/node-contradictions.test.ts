import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const documentOf = (more: string, node = '') => `node: { interfaces: [eth0], address: 10.0.0.11${node} }
${more}
services: [ { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21 } ] } ]
`;

function problemsOf(text: string): readonly string[] {
  try {
    parseNodeConfig(text, 'weir.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const wrong: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a network with bits behind its prefix is told which network that is',
    documentOf('guard: { deny: [192.0.2.1/24, "2001:db8::1/32"] }'),
    [
      'guard.deny[0]: "192.0.2.1/24" has bits set behind its prefix; the network is 192.0.2.0/24',
      'guard.deny[1]: "2001:db8::1/32" has bits set behind its prefix; the network is 2001:db8::/32',
    ],
  ],
  [
    'what is no network is told how one looks',
    documentOf('guard: { allow: [192.0.2.0/33, 192.0.2/24, "fe80::1%eth0"] }'),
    ['192.0.2.0/33', '192.0.2/24', 'fe80::1%eth0'].map(
      (text, at) =>
        `guard.allow[${at}]: "${text}" is not a network; write an address and its prefix length, such as 192.0.2.0/24`,
    ),
  ],
  [
    'a network in both lists is refused, however it is written',
    documentOf('guard: { deny: ["2001:DB8::/32", 192.0.2.1], allow: [192.0.2.1/32, "2001:db8:0::/32"] }'),
    [
      'guard.allow[0]: "192.0.2.1/32" is guard.deny[1] too; it can\'t be both',
      'guard.allow[1]: "2001:db8:0::/32" is guard.deny[0] too; it can\'t be both',
    ],
  ],
  [
    'a network that is listed twice is refused',
    documentOf('guard: { deny: [192.0.2.1, 192.0.2.1/32] }'),
    ['guard.deny[1]: "192.0.2.1/32" is guard.deny[0] too'],
  ],
  [
    'a negative rate is refused',
    documentOf('guard: { newFlowsPerSource: -1 }'),
    ['guard.newFlowsPerSource: -1 is less than 0'],
  ],
  [
    'a 17th local address of a family is refused',
    documentOf(
      '',
      `, localAddresses: [ "fd00::1", ${Array.from({ length: 17 }, (_, i) => `10.0.1.${i + 1}`).join()} ]`,
    ),
    ['node.localAddresses[17]: "10.0.1.17" is more than the 16 that a node may have of a family'],
  ],
  [
    'a local address that has another use is refused with that use',
    documentOf('', ', localAddresses: [10.0.0.11, 198.51.100.10, 10.0.0.21, 10.0.0.12, 10.0.0.12]'),
    [
      'node.localAddresses[0]: "10.0.0.11" is node.address too; clients\' connections would meet those of the node itself',
      'node.localAddresses[1]: "198.51.100.10" is a VIP; a local address is of one node alone',
      'node.localAddresses[2]: "10.0.0.21" is the address of a backend; a local address is of one node alone',
      'node.localAddresses[4]: "10.0.0.12" is node.localAddresses[3] too',
    ],
  ],
  [
    'more backends than the data plane can tell apart are refused',
    documentOf('dataplane: { maxBackends: 32768 }'),
    ['dataplane.maxBackends: 32768 is more than 32767'],
  ],
  [
    'a flow table that is too small is refused',
    documentOf('dataplane: { maxFlows: 1023 }'),
    ['dataplane.maxFlows: 1023 is less than 1024'],
  ],
  [
    'more flows of nat and fullnat than flows are refused',
    documentOf('dataplane: { maxFlows: 4096, maxTranslatedFlows: 4097 }'),
    ['dataplane.maxTranslatedFlows: 4097 is more than dataplane.maxFlows, 4096, among which they are; raise that too'],
  ],
  [
    'a timeout below the tick is refused',
    documentOf('dataplane: { timeouts: { udp: 0s, tcp: 90 } }'),
    [
      'dataplane.timeouts.tcp: 90 is not a duration; write a number with its unit, such as 500ms, 3s or 2m',
      'dataplane.timeouts.udp: "0s" is less than 1s, the tick that flows are timed by',
    ],
  ],
  [
    'a timeout of more than a week is refused',
    documentOf('dataplane: { timeouts: { udp: 168h, tcp: 169h } }'),
    ['dataplane.timeouts.tcp: "169h" is more than 168h, 7 days'],
  ],
  [
    'a misspelt timeout is told the right name',
    documentOf('dataplane: { timeouts: { tcpfin: 30s } }'),
    ['dataplane.timeouts.tcpfin: is not a known key; did you mean "tcpFin"?'],
  ],
  [
    'an engine that is not there is refused',
    documentOf('dataplane: { engine: dpdk }'),
    ['dataplane.engine: "dpdk" is not one of xdp, portable'],
  ],
];
for (const [title, text, problems] of wrong) {
  test(title, (t) => {
    t.deepEqual(problemsOf(text), problems);
  });
}

test('networks become canonical text, a plain address a network of one', (t) => {
  const text = documentOf('guard: { deny: [192.0.2.1, 10.0.0.0/8, 0.0.0.0/0], allow: ["2001:DB8:0:0::/32", "::1"] }');
  t.like(parseNodeConfig(text, 'weir.yaml').guard, {
    deny: ['192.0.2.1/32', '10.0.0.0/8', '0.0.0.0/0'],
    allow: ['2001:db8::/32', '::1/128'],
  });
});

test('lists of 100,000 networks are read', (t) => {
  const networks = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const text = documentOf(`guard:\n  deny:\n${networks.map((network) => `    - ${network}\n`).join('')}`);
  t.is(parseNodeConfig(text, 'weir.yaml').guard.deny.length, 100_000);
});
