import { type NodeConfig, parseNodeConfig } from '@weir/control';
import test from 'ava';
import { explainShare, shareOf } from './own-share.js';

const members = [
  '{ name: lb1, address: 10.0.0.11 }',
  '{ name: lb2, address: 10.0.0.12 }',
  '{ name: lb3, address: 10.0.0.13 }',
];
const configOf = (node: number, maxVips: string, nodes: readonly string[] = members): NodeConfig =>
  parseNodeConfig(
    `
node: { name: somehow, interfaces: [eth0], address: 10.0.0.1${node} }
bgp: { asn: 64512, ${maxVips} peers: [ { address: 10.0.0.1, asn: 64500 } ] }
${nodes.length === 0 ? '' : `nodes: { members: [ ${nodes.join(', ')} ] }`}
services:
${[1, 2, 3, 4, 5, 6].map((n) => `  - { name: s${n}, vip: 198.51.100.${n}, port: 80, backends: [ { address: 10.0.0.21 } ] }`).join('\n')}
`,
    'weir.yaml',
  );
const sharesOf = (maxVips: string, absent: ReadonlySet<string>, nodes = members) =>
  [1, 2, 3].map((node) => shareOf(configOf(node, maxVips, nodes), absent));

test('without a limit every VIP falls to every node', (t) => {
  for (const share of sharesOf('', new Set())) t.is(share.size, 6);
  t.deepEqual(explainShare(configOf(1, ''), new Set()), []);
});

test('nodes that know each other by their names in the list share all VIPs between them', (t) => {
  const shares = sharesOf('maxVips: 2,', new Set());
  t.is(new Set(shares.flatMap((share) => [...share])).size, 6);
  t.regex(
    explainShare(configOf(1, 'maxVips: 2,'), new Set())[0] ?? '',
    /: bgp\.maxVips is 2, and other nodes have them$/,
  );
});

test('what a node had that is gone, or takes no new flows, falls to the others', (t) => {
  const [first, second] = sharesOf('maxVips: 3,', new Set(['10.0.0.13']));
  t.is(new Set([...(first ?? []), ...(second ?? [])]).size, 6);
  const drained = [...members.slice(0, 2), '{ name: lb3, address: 10.0.0.13, state: draining }'];
  t.deepEqual(sharesOf('maxVips: 3,', new Set(), drained).slice(0, 2), [first, second]);
});

test('a node that knows no others, and nodes without room for all, say so', (t) => {
  const said = (config: NodeConfig, absent: readonly string[] = []) => explainShare(config, new Set(absent))[0] ?? '';
  t.regex(
    said(configOf(1, 'maxVips: 4,', [])),
    /bgp\.maxVips is 4, and no other node is known that has them; the section nodes/,
  );
  t.regex(
    said(configOf(1, 'maxVips: 2,'), ['10.0.0.12']),
    /so that 2 nodes have room for 4 of 6 VIPs: some have no node/,
  );
});
