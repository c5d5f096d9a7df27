import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { Stage } from './command.js';
import { pair } from './pair-topology.fixture.js';
import { planTopology } from './plan-topology.js';
import { standardCluster } from './standard-cluster.js';
import type { Topology } from './topology.js';
import { twoArmCluster } from './two-arm-cluster.js';

const context = { namespacePrefix: 'weir-0a1b2c', passObject: '/lab/obj/pass.bpf.o' };

const golden = test.macro(async (t, file: string, topology: Topology) => {
  const expected = await readFile(new URL(`../test-data/${file}`, import.meta.url), 'utf8');
  t.is(render(planTopology(topology, context).stages), expected);
});

test('two hosts on a switch are planned as in pair.plan', golden, 'pair.plan', pair);
test(
  'a cluster of one node and one backend is planned as in standard-cluster.plan',
  golden,
  'standard-cluster.plan',
  standardCluster({ nodes: 1, backends: 1 }).topology,
);
test(
  'a cluster whose sides are VLANs of one interface is planned as in tagged-cluster.plan',
  golden,
  'tagged-cluster.plan',
  twoArmCluster({ tagged: true, nodes: 1, backends: 1 }).topology,
);
test('a route over two next hops and own settings are planned as in multipath.plan', golden, 'multipath.plan', {
  name: 'multipath',
  hosts: {
    router: {
      forwarding: true,
      loopbackAddresses: ['192.0.2.1/32'],
      routes: [{ to: '198.51.100.0/24', via: ['10.9.0.2', '10.9.0.3'] }],
      sysctls: { 'net.ipv4.fib_multipath_hash_policy': 0 },
    },
    peer: {},
  },
  links: [
    {
      from: { host: 'router', interface: 'wan0', addresses: ['10.9.0.1/24'], passProgram: true },
      to: { host: 'peer', addresses: ['10.9.0.2/24'] },
      mtuBytes: 9000,
    },
  ],
});

const refused = test.macro((t, change: Partial<Topology>, message: string) => {
  t.throws(() => planTopology({ ...pair, ...change }, context), { code: 'LAB_TOPOLOGY_INVALID', message });
});

test(
  'a link from a host that is not there is refused',
  refused,
  { links: [{ from: { host: 'middle' }, to: { switch: 'lan' } }] },
  'topology pair: links[0].from: there is no host "middle"',
);
test(
  'a link to a switch that is not there is refused',
  refused,
  { links: [{ from: { host: 'left' }, to: { switch: 'wan' } }] },
  'topology pair: links[0].to: there is no switch "wan"',
);
test(
  'two links with the same name for their interface are refused',
  refused,
  { links: [...pair.links, { from: { host: 'left' }, to: { switch: 'lan' } }] },
  'topology pair: left has two interfaces "lan"; give one of them a name',
);
test(
  'an interface name that the kernel would cut is refused',
  refused,
  { links: [{ from: { host: 'left', interface: 'a-very-long-name' }, to: { switch: 'lan' } }] },
  'topology pair: links[0]: "a-very-long-name" is longer than 15 bytes; name the interface',
);
test(
  'a host whose name would be a shell word of its own is refused',
  refused,
  { hosts: { ...pair.hosts, 'a b': {} } },
  'topology pair: "a b" cannot be a name: expected letters, digits, - and _',
);
test(
  'a host and a switch of one name are refused',
  refused,
  { hosts: { ...pair.hosts, lan: {} } },
  'topology pair: lan is the name of both a host and a switch',
);

function render(stages: readonly Stage[]): string {
  return stages
    .map((stage, index) =>
      [
        `# stage ${index + 1}`,
        ...stage.map(({ program, args, input = [] }) =>
          [[program, ...args].join(' '), ...input.map((line) => `  ${line}`)].join('\n'),
        ),
        '',
      ].join('\n'),
    )
    .join('\n');
}
