import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const documentOf = (bgp: string, node = '') => `
node: { interfaces: [eth0], address: 10.0.0.11, ${node} }
bgp: { asn: 64512, ${bgp} peers: [ { address: 10.0.0.1, asn: 64500 } ] }
services: []
`;

test('a node says that it shuts down for a second, announces all VIPs, and dies within 3 s for its routers', (t) => {
  const { node, bgp } = parseNodeConfig(documentOf(''), 'weir.yaml');
  t.is(node.wantedState, 'active');
  t.is(bgp?.maxVips, undefined);
  t.like(bgp, { gracefulShutdownMs: 1_000, overridesFile: '/var/lib/weir/announce.json' });
  t.like(bgp?.peers[0], { holdTimeMs: 3_000, keepaliveMs: 1_000 });
});

test('what is written of leaving and of VIPs is taken', (t) => {
  const bgp = 'gracefulShutdown: off, maxVips: 2, overridesFile: /srv/weir/overrides.json,';
  const config = parseNodeConfig(documentOf(bgp, 'state: draining'), 'weir.yaml');
  t.is(config.node.wantedState, 'draining');
  t.false('state' in config.node);
  t.like(config.bgp, { gracefulShutdownMs: 0, maxVips: 2, overridesFile: '/srv/weir/overrides.json' });
});

for (const [bgp, node, message] of [
  [
    'gracefulShutdown: 5,',
    '',
    'bgp.gracefulShutdown: 5 is not a duration; write a number with its unit, such as 500ms, 3s or 2m',
  ],
  ['maxVips: 0,', '', 'bgp.maxVips: 0 is less than 1; a node that is to announce nothing has node.state draining'],
  ['overridesFile: announce.json,', '', 'bgp.overridesFile: "announce.json" is not an absolute path'],
  ['', 'state: drained', 'node.state: "drained" is not one of active, draining'],
] as const) {
  test(`wrong: ${message}`, (t) => {
    const error = t.throws(() => parseNodeConfig(documentOf(bgp, node), 'weir.yaml'), {
      instanceOf: InvalidConfigError,
    });
    t.deepEqual(
      error?.problems.map((problem) => `${problem.path}: ${problem.message}`),
      [message],
    );
  });
}
