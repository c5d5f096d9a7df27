import { readFileSync } from 'node:fs';
import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const documentOf = (vrrp: string, more = '', vip = '198.51.100.10') => `
node: { name: node1, interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11" }
vrrp: ${vrrp}
${more}
services: [ { name: web, vip: "${vip}", port: 80, backends: [ { address: "${vip.includes(':') ? 'fd00::21' : '10.0.0.21'}" } ] } ]
`;

const peers = 'peers: [ { name: node1, address: 10.0.0.11 }, { name: node2, address: 10.0.0.12 } ]';
const members = 'nodes: { members: [ { name: one, address: 10.0.0.11 }, { name: two, address: 10.0.0.12 } ] }';
const bgp = 'bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ] }';

function problemsOf(text: string): readonly string[] {
  try {
    parseNodeConfig(text, 'weir.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

test('peers are all that vrrp needs', (t) => {
  t.deepEqual(parseNodeConfig(documentOf(`{ ${peers} }`), 'weir.yaml').vrrp, {
    interface: 'eth0',
    routerIds: {},
    advertIntervalMs: 1000,
    preempt: true,
    preemptDelayMs: 0,
    transport: 'multicast',
    peers: [
      { name: 'node1', address: '10.0.0.11' },
      { name: 'node2', address: '10.0.0.12' },
    ],
    ownName: 'node1',
    gratuitousArp: { repeat: 5, againMs: 5000, refreshMs: 0 },
    command: 'keepalived',
  });
});

test('the nodes of the cluster are the peers where vrrp names none, and this one has the name that they know', (t) => {
  const { vrrp } = parseNodeConfig(documentOf('{}', members), 'weir.yaml');
  t.deepEqual(
    [vrrp?.ownName, vrrp?.peers],
    [
      'one',
      [
        { name: 'one', address: '10.0.0.11' },
        { name: 'two', address: '10.0.0.12' },
      ],
    ],
  );
});

test('the VIP of a router id may be written in any way', (t) => {
  const text = documentOf(`{ ${peers}, routerIds: { "2001:DB8:0::10": 51 } }`);
  t.deepEqual(parseNodeConfig(text, 'weir.yaml').vrrp?.routerIds, { '2001:db8::10': 51 });
});

test('the section vrrp of the reference document is valid in place of bgp', (t) => {
  const reference = readFileSync(new URL('../weir.reference.yaml', import.meta.url), 'utf8');
  const [section] = /^# vrrp:.*\n(?:# .*\n)+/m.exec(reference) ?? [];
  const text = reference.replace(/^bgp:.*\n(?: .*\n)+/m, (section as string).replaceAll(/^# /gm, ''));
  const { vrrp } = parseNodeConfig(text, 'weir.reference.yaml');
  t.like(vrrp, { advertIntervalMs: 1000, routerIds: { '198.51.100.10': 51 }, gratuitousArp: { refreshMs: 0 } });
});

const wrong: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'bgp and vrrp at once are refused, and both are named',
    documentOf(`{ ${peers} }`, bgp),
    ['vrrp: {…} is there beside bgp; a VIP is announced by one of them: leave out "bgp" or "vrrp"'],
  ],
  [
    'vrrp without nodes is told where to name them',
    documentOf('{}'),
    ['vrrp: {} names no nodes to share VIPs with; give vrrp.peers, or the section nodes'],
  ],
  [
    'peers without this node are refused',
    documentOf('{ peers: [ { name: node2, address: 10.0.0.12 } ] }'),
    ['vrrp.peers: […] lacks this node, node1'],
  ],
  [
    'two peers of one name are refused',
    documentOf('{ peers: [ { name: node1 }, { name: node2 }, { name: node2 } ] }'),
    ['vrrp.peers[2].name: "node2" is the name of vrrp.peers[1] too'],
  ],
  [
    'an interface that takes no packets for VIPs is refused',
    documentOf(`{ ${peers}, interface: eth1 }`),
    ['vrrp.interface: "eth1" is none of node.interfaces, eth0; packets for VIPs would not be forwarded'],
  ],
  [
    'one id for two VIPs of a family is refused, for one of each it is not',
    documentOf(`{ ${peers}, routerIds: { 198.51.100.10: 7, "2001:db8::10": 7, 198.51.100.11: 7 } }`),
    ['vrrp.routerIds.198.51.100.11: 7 is the id of 198.51.100.10 too; every VIP of a family needs its own'],
  ],
  [
    'unicast needs the address of every peer in the family of each VIP',
    documentOf(`{ ${peers}, transport: unicast }`, '', '2001:db8::10'),
    [
      'services[0].vip: "2001:db8::10" is IPv6, which the peer node1 has no address6 for; unicast needs it (vrrp.peers)',
    ],
  ],
  [
    'a delay of what is not to happen is refused',
    documentOf(`{ ${peers}, preempt: false, preemptDelay: 30s }`),
    ['vrrp.preemptDelay: "30s" is of no use where vrrp.preempt is false; leave it out'],
  ],
  [
    'an interval that VRRP cannot count is refused',
    documentOf(`{ ${peers}, advertInterval: 1005ms }`),
    ['vrrp.advertInterval: "1005ms" is no multiple of 10ms, as VRRP counts them (RFC 5798, section 5.2.7)'],
  ],
];

for (const [title, text, problems] of wrong) test(title, (t) => t.deepEqual(problemsOf(text), problems));
