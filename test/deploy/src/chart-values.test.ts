import test from 'ava';
import { renderChart, ToolError } from './kubernetes-tools.js';

/** Bad values, in JSON, and what helm says of them. */
const refused: readonly (readonly [what: string, values: object, message: RegExp])[] = [
  ['a value that is not known', { nodes: { interface: 'eth0' } }, /at '\/nodes': additional properties 'interface'/],
  ['a value that has moved', { hostNetwork: true }, /at '': additional properties 'hostNetwork'/],
  ['no image', { image: { repository: '' } }, /image\.repository: is empty; build the image with "npm run image"/],
  ['no interface', { nodes: { interfaces: [] } }, /at '\/nodes\/interfaces': minItems: got 0, want 1/],
  [
    'an MTU that is too small',
    { hostPreparation: { minMtuBytes: 1000 } },
    /at '\/hostPreparation\/minMtuBytes': minimum: got 1,?000, want 1,?280/,
  ],
  [
    'a network with too long a prefix',
    { networkPolicy: { nodeCidrs: ['10.0.0.0/33'] } },
    /at '\/networkPolicy\/nodeCidrs\/0': '10.0.0.0\/33' does not match/,
  ],
  ['an address that is none', { agent: { vips: ['198.51.100.300'] } }, /at '\/agent\/vips\/0'/],
  [
    'all nodes renewed at once',
    { nodes: { updateStrategy: { maxUnavailable: 3 } } },
    /at '\/nodes\/updateStrategy\/maxUnavailable': value must be 1/,
  ],
  [
    'an endpoint with a scheme',
    { etcd: { mode: 'external', endpoints: ['http://etcd:2379'] } },
    /at '\/etcd\/endpoints\/0'/,
  ],
  [
    'a key of weir.yaml that is not known',
    { config: { bgp: { ans: 64512 } } },
    /at '\/config\/bgp': additional properties 'ans'/,
  ],
  [
    'a value of weir.yaml of the wrong type',
    { config: { bgp: { asn: 'AS1', peers: [] } } },
    /at '\/config\/bgp\/asn': got string, want integer/,
  ],
  [
    'a router ID that is no address',
    { config: { bgp: { asn: 1, routerId: '10.0.0', peers: [{ address: '10.0.0.1', asn: 1 }] } } },
    /at '\/config\/bgp\/routerId': '10.0.0' does not match/,
  ],
  [
    'external etcd without members',
    { etcd: { mode: 'external' } },
    /etcd\.endpoints: is empty; name the members of etcd/,
  ],
  ['external Redis without servers', { redis: { mode: 'external' } }, /redis\.addresses: is empty/],
  [
    'the admin API without certificates',
    { admin: { port: 9645 } },
    /admin\.tlsSecret: is empty, and admin\.port is 9645/,
  ],
  ['a client certificate of no Secret', { redis: { clientCertificate: true } }, /redis\.tlsSecret: is empty/],
  [
    'the section of discovery without its rights',
    { config: { kubernetes: { pools: [] } } },
    /at '\/config': additional properties 'kubernetes'/,
  ],
  ['Services without a pool', { kubernetes: { enabled: true } }, /kubernetes\.pools: is empty/],
  [
    'a pool with a key that is not known',
    { kubernetes: { enabled: true, pools: [{ name: 'public', cidr: '198.51.100.0/24' }] } },
    /at '\/kubernetes\/pools\/0': .*'cidr'|missing property 'addresses'/,
  ],
  ['an agent without VIPs', { agent: { enabled: true } }, /agent\.vips: is empty/],
  [
    'a password for the bundled etcd',
    { etcd: { mode: 'bundled', passwordSecret: 'secret' } },
    /etcd\.mode: bundled has neither password nor TLS/,
  ],
  [
    'two nodes of one name',
    {
      config: {
        nodes: {
          members: [
            { name: 'lb1', address: '10.0.0.11' },
            { name: 'lb1', address: '10.0.0.12' },
          ],
        },
      },
    },
    /config\.nodes\.members\[1\]\.name: "lb1" is the name of config\.nodes\.members\[0\] too/,
  ],
  [
    'two nodes of one address',
    {
      config: {
        nodes: {
          members: [
            { name: 'lb1', address: '10.0.0.11' },
            { name: 'lb2', address: '10.0.0.11' },
          ],
        },
      },
    },
    /config\.nodes\.members\[1\]\.address: "10\.0\.0\.11" is the address of config\.nodes\.members\[0\] too/,
  ],
];

/** Renders the chart with values beside an etcd of its own and an image. */
const render = (values: object) =>
  renderChart(
    ...Object.entries({ 'etcd.mode': 'bundled', 'image.repository': 'registry.example/weir', ...values }).flatMap(
      ([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`],
    ),
  );

for (const [what, values, message] of refused) {
  test(`${what} is refused with the path of the field`, (t) => {
    t.regex(t.throws(() => render(values), { instanceOf: ToolError })?.message ?? '', message);
  });
}

test('a variable of the environment may stand where an address is wanted', (t) => {
  const bgp = { asn: 64512, routerId: `\${env:ROUTER_ID}`, peers: [{ address: '10.0.0.1', asn: 64500 }] };
  t.notThrows(() => render({ config: { bgp } }));
});
