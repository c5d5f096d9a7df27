import test from 'ava';
import { ConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

/** A document of a node at 10.0.0.11, whose section `nodes` is this. */
function parse(nodes: string, node = '{ interfaces: [eth0], address: 10.0.0.11 }', services = '[]') {
  return parseNodeConfig(`node: ${node}\nnodes: ${nodes}\nservices: ${services}\n`, 'weir.yaml');
}

const two = 'members: [ { name: n1, address: 10.0.0.11 }, { name: n2, address: 10.0.0.12, state: draining } ]';

test('nodes have defaults, and keys of their own that follow from the hash seed', (t) => {
  const { nodes } = parse(`{ ${two} }`);
  t.like(nodes, { port: 19_523, choices: 2 });
  t.deepEqual(
    nodes?.members.map(({ state }) => state),
    ['active', 'draining'],
  );
  t.regex(nodes?.seed ?? '', /^[0-9a-f]{32}$/);
  t.not(nodes?.seed, nodes?.hashKey);
  t.is(parse(`{ seed: ${'AB'.repeat(16)}, ${two} }`).nodes?.seed, 'ab'.repeat(16));
});

for (const [nodes, problem, node] of [
  ['{ members: [] }', 'nodes.members: [] names no node'],
  [`{ choices: 5, ${two} }`, 'nodes.choices'],
  [`{ seed: 12, ${two} }`, 'nodes.seed'],
  [
    '{ members: [ { name: n1, address: 10.0.0.11 }, { name: n1, address: 10.0.0.12 } ] }',
    'nodes.members[1].name: "n1" is the name of nodes.members[0] too',
  ],
  [
    '{ members: [ { name: n1, address: 10.0.0.11 }, { name: n2, address: 10.0.0.11 } ] }',
    'nodes.members[1].address: "10.0.0.11" is the address of nodes.members[0] too',
  ],
  [
    '{ members: [ { name: n1, address: 10.0.0.11 }, { name: n2, address: "fd00::12" } ] }',
    'nodes.members[1].address: "fd00::12" is not of the family of nodes.members[0], 10.0.0.11',
  ],
  ['{ members: [ { name: n2, address: 10.0.0.12 } ] }', 'lacks this node, 10.0.0.11'],
  [
    '{ members: [ { name: n2, address: 10.0.0.12 } ] }',
    'lacks this node, which has neither node.address nor node.address6',
    '{ interfaces: [eth0] }',
  ],
  ['{ members: [ { name: n1, address: 10.0.0.11, state: inactive } ] }', 'are all inactive; flows would have no owner'],
] as const) {
  test(`refused: nodes ${nodes}${node === undefined ? '' : ` of ${node}`}`, (t) => {
    const error = t.throws(() => parse(nodes, node), { instanceOf: ConfigError });
    t.true(error?.message.includes(problem), error?.message);
  });
}

test('a VIP that is the address of a node is refused', (t) => {
  const services =
    '[ { name: web, vip: 10.0.0.12, protocol: udp, port: 19523, backends: [ { address: 10.0.0.21 } ] } ]';
  const error = t.throws(() => parse(`{ ${two} }`, undefined, services), { instanceOf: ConfigError });
  t.true(
    error?.message.includes(
      'services[0].vip: "10.0.0.12" is the address of nodes.members[1]; a VIP is of no node alone',
    ),
    error?.message,
  );
});
