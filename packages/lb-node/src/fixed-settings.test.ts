import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { changedFixedSettings, StartedVrrp } from './fixed-settings.js';

const bgp = 'bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ] }';
const configOf = (node: string, rest = '') =>
  parseNodeConfig(
    `node: { name: lb1, ${node} }
services: [ { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21 } ] } ]
${rest}`,
    'weir.yaml',
  );
const ofEth0 = 'interfaces: [eth0], address: 10.0.0.11';
const current = configOf(ofEth0, bgp);

const changes: readonly (readonly [string, ReturnType<typeof configOf>, readonly string[]])[] = [
  ['another interface', configOf('interfaces: [eth0, eth1], address: 10.0.0.11', bgp), ['node.interfaces']],
  ['an address that was not there', configOf(`${ofEth0}, address6: "fd00::11"`, bgp), ['node.address6']],
  ['bgp that is gone', configOf(ofEth0), ['bgp']],
  ['another peer', configOf(ofEth0, bgp.replace('10.0.0.1,', '10.0.0.2,')), ['bgp.peers']],
  [
    'another mode and another directory',
    configOf(ofEth0, `${bgp}\ndataplane: { mode: generic }\nruntimeDirectory: /run/other`),
    ['dataplane.mode', 'runtimeDirectory'],
  ],
  ['an etcd that was not there', configOf(ofEth0, `${bgp}\netcd: { endpoints: ["10.0.0.5:2379"] }`), ['etcd']],
  [
    'another kubeconfig, beside another pool',
    configOf(
      ofEth0,
      `${bgp}\nkubernetes: { kubeconfig: /etc/weir/kubeconfig, pools: [{ name: a, addresses: [198.51.100.0/24] }] }`,
    ),
    ['kubernetes'],
  ],
  ['another format of the log', configOf(ofEth0, `${bgp}\nlog: { format: pretty }`), ['log.format']],
  ['a store that was not there', configOf(ofEth0, `${bgp}\nstate: { store: memory }`), ['state']],
  [
    'another engine and more flows',
    configOf(ofEth0, `${bgp}\ndataplane: { engine: portable, maxFlows: 2048 }`),
    ['dataplane.engine', 'dataplane.maxFlows'],
  ],
];
const shared = (redis: string, more = '') =>
  configOf(ofEth0, `${bgp}\nstate: { store: redis, redis: { addresses: ["10.0.0.5:6379"] ${redis} } ${more} }`);

test('each part of state needs a restart, and is named', (t) => {
  t.deepEqual(changedFixedSettings(shared(''), shared(', password: other', ', tellAfter: 5s')), [
    'state.redis.password',
    'state.tellAfterMs',
  ]);
});

for (const [title, next, paths] of changes) {
  test(`${title} needs a restart, and is named`, (t) => {
    t.deepEqual(changedFixedSettings(current, next), paths);
  });
}

test('members of a cluster that come by etcd leave VRRP as it was started, which is told once, and change the rest', (t) => {
  const warnings: string[] = [];
  const vrrp = new StartedVrrp({ warn: (_: unknown, text?: string) => void warnings.push(text ?? '') });
  const member = (number: number) => `{ name: lb${number}, address: 10.0.0.1${number} }`;
  const of = (...members: number[]) =>
    configOf(ofEth0, `vrrp: {}\nnodes: { members: [${members.map(member)}] }\netcd: { endpoints: ["10.0.0.5:2379"] }`);
  const started = of(1, 2);
  for (let i = 0; i < 2; i++) {
    const kept = vrrp.keptIn(of(1, 2, 3), started);
    t.deepEqual(kept.vrrp, started.vrrp);
    t.is(kept.nodes?.members.length, 3);
    t.deepEqual(changedFixedSettings(started, kept), []);
  }
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /^vrrp\.peers can't change while the node runs/);
});

test('the level of the log, drain time, guard, timeouts, local addresses and the attributes of announcements need no restart', (t) => {
  const more = `${bgp.replace(/ }$/, ', announce: { med: 5 } }')}
log: { level: debug }
shutdown: { drain: 1s }
guard: { deny: [192.0.2.0/24] }
dataplane: { timeouts: { udp: 30s } }`;
  t.deepEqual(changedFixedSettings(current, configOf(`${ofEth0}, localAddresses: [10.0.0.111]`, more)), []);
});
