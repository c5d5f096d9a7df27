import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const fullnat =
  '[ { name: web, vip: 198.51.100.10, port: 80, method: fullnat, backends: [ { address: 10.0.0.21 } ] } ]';

/** A document of the node n1 at 10.0.0.11, with these lists of n1 and n2 and of `node` itself; empty: not given. */
function parse(n1: string, n2: string, own = '', more = '', services = '[]') {
  const listOf = (addresses: string) => (addresses === '' ? '' : `, localAddresses: [ ${addresses} ]`);
  return parseNodeConfig(
    `node: { interfaces: [eth0], address: 10.0.0.11${listOf(own)} }
nodes: { members: [ { name: n1, address: 10.0.0.11${listOf(n1)} }, { name: n2, address: 10.0.0.12${listOf(n2)} } ] }
${more}
services: ${services}
`,
    'weir.yaml',
  );
}

function problemsOf(...lists: Parameters<typeof parse>): readonly string[] {
  try {
    parse(...lists);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

test('a node takes its local addresses from its entry among the nodes', (t) => {
  const config = parse('10.0.0.111, "fd00::111"', '10.0.0.112', '', '', fullnat);
  t.deepEqual(config.node.localAddresses, ['10.0.0.111', 'fd00::111']);
});

test("a node's entry takes its local addresses from the node", (t) => {
  const { nodes } = parse('', '10.0.0.112', '10.0.0.111');
  t.deepEqual(
    nodes?.members.map(({ localAddresses }) => localAddresses),
    [['10.0.0.111'], ['10.0.0.112']],
  );
});

test('the same addresses in both places are fine in any order', (t) => {
  t.deepEqual(parse('10.0.0.111, 10.0.0.112', '', '10.0.0.112, 10.0.0.111').node.localAddresses, [
    '10.0.0.112',
    '10.0.0.111',
  ]);
});

test('other addresses in the two places are refused', (t) => {
  t.deepEqual(problemsOf('10.0.0.111', '', '10.0.0.113'), [
    "nodes.members[0].localAddresses: […] is this node's, and not the same as node.localAddresses, 10.0.0.113; leave out one of them",
  ]);
});

test('an address of two nodes is refused', (t) => {
  t.deepEqual(problemsOf('10.0.0.111', '10.0.0.111'), [
    'nodes.members[1].localAddresses[0]: "10.0.0.111" is nodes.members[0].localAddresses[0] too',
  ]);
  t.deepEqual(problemsOf('', '10.0.0.112, 10.0.0.111', '10.0.0.111'), [
    'nodes.members[1].localAddresses[1]: "10.0.0.111" is node.localAddresses[0] too',
  ]);
});

test("an address with another use is refused among another node's, too", (t) => {
  t.deepEqual(problemsOf('10.0.0.111', '10.0.0.12, 198.51.100.10, 10.0.0.21, 10.0.0.11', '', '', fullnat), [
    'nodes.members[1].localAddresses[0]: "10.0.0.12" is nodes.members[1].address too; clients\' connections would meet those of the node itself',
    'nodes.members[1].localAddresses[1]: "198.51.100.10" is a VIP; a local address is of one node alone',
    'nodes.members[1].localAddresses[2]: "10.0.0.21" is the address of a backend; a local address is of one node alone',
    'nodes.members[1].localAddresses[3]: "10.0.0.11" is node.address too; clients\' connections would meet those of the node itself',
  ]);
});

test("a 17th address of a family is refused among another node's, too", (t) => {
  const many = Array.from({ length: 17 }, (_, i) => `10.0.1.${i + 1}`).join();
  t.deepEqual(problemsOf('', many), [
    'nodes.members[1].localAddresses[16]: "10.0.1.17" is more than the 16 that a node may have of a family',
  ]);
});

const bgpOf = (more = '', asn = 64500) =>
  `bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: ${asn} } ] ${more} }\nstate: { store: redis, redis: { addresses: ["10.0.0.5:6379"] } }`;
const poolsOf = (more?: string, asn?: number) =>
  parse('10.0.0.111', '10.0.0.112', '', bgpOf(more, asn)).bgp?.backupPools;

test('with state and bgp, local addresses of other nodes are announced with a longer path', (t) => {
  t.deepEqual(poolsOf(), { prepend: 3 });
  t.deepEqual(poolsOf(', announce: { prepend: 2, med: 5, communities: [no-export] }'), {
    prepend: 5,
    med: 5,
    communities: ['no-export'],
  });
});

test('within one AS, where a path with the own number is a loop, preference does it', (t) => {
  t.deepEqual(poolsOf('', 64512), { prepend: 0, med: 100, localPreference: 50 });
  t.deepEqual(poolsOf(', backupPools: { localPreference: 10 }', 64512), { prepend: 0, med: 100, localPreference: 10 });
});

test('local addresses are not announced without a store of all nodes, nor where that is switched off', (t) => {
  t.is(poolsOf(', announcePools: false'), undefined);
  t.is(parse('', '', '10.0.0.111', bgpOf().replace(/\n.*/, '')).bgp?.backupPools, undefined);
  t.is(parse('', '', '10.0.0.111', bgpOf().replace(/\n.*/, '\nstate: { store: memory }')).bgp?.backupPools, undefined);
});

for (const [title, more, asn, problem] of [
  [
    'a MED that is no worse',
    ', announce: { med: 10 }, backupPools: { med: 10 }',
    64500,
    'bgp.backupPools.med: 10 is not more than bgp.announce.med, 10; the lowest is wanted most',
  ],
  [
    'a preference that is no worse',
    ', backupPools: { localPreference: 100 }',
    64500,
    "bgp.backupPools.localPreference: 100 is not less than that of the node's own routes, 100; the highest is wanted most",
  ],
  [
    'a path that is no longer',
    ', backupPools: { prepend: 0 }',
    64500,
    "bgp.backupPools.prepend: 0 makes other nodes' local addresses as wanted as their own nodes do; give at least 1, or med",
  ],
  [
    'a longer path within one AS',
    ', backupPools: { prepend: 1 }',
    64512,
    "bgp.backupPools.prepend: 1 can't be had with a peer of the own AS, 64512, which takes it for a loop; use localPreference",
  ],
] as const) {
  test(`refused: ${title}`, (t) => {
    t.deepEqual(problemsOf('10.0.0.111', '10.0.0.112', '', bgpOf(more, asn)), [problem]);
  });
}

test('local addresses that are to be announced without state are refused', (t) => {
  t.deepEqual(problemsOf('', '', '', bgpOf(', announcePools: true').replace(/\n.*/, '')), [
    'bgp.announcePools: true is of no use without a state.store of all nodes: another could do nothing with answers; leave it out',
  ]);
});

test('a local address without a next hop of its family is refused', (t) => {
  t.deepEqual(problemsOf('10.0.0.111', '"fd00::112"', '', bgpOf()), [
    'nodes.members[1].localAddresses[0]: "fd00::112" can\'t be announced without a next hop; give node.address6, or set bgp.announcePools to false',
  ]);
  t.deepEqual(problemsOf('10.0.0.111', '"fd00::112"', '', bgpOf(', announcePools: false')), []);
});
