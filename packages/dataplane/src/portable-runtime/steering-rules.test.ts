import test from 'ava';
import type { ForwardingTables } from '../dataplane.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { steeringRules } from './steering-rules.js';
import { addLine } from './tc-lines.js';

const own = ['10.0.0.11', '10.0.0.255'];
const tablesOf = (forwarding: ForwardingMethod, localAddresses: readonly string[] = []): ForwardingTables => ({
  services: [
    {
      listeners: [
        { vip: '198.51.100.10', protocol: 'tcp', port: 80 },
        { vip: '198.51.100.10', protocol: 'tcp', port: 443 },
      ],
      forwarding,
      scheduling: { pick: 'next' },
      backends: [{ address: '10.0.0.21' }],
      rows: [0],
    },
  ],
  sources: {},
  hashSeed: 0n,
  localAddresses,
});
const textOf = (tables: ForwardingTables) =>
  steeringRules(tables, own).map(({ stage, family, verdict, match }) => `${stage} ${family} ${verdict} ${match}`);
const linkMatters = [
  '0 6 leave match ip6 protocol 58 0xff match u8 0x84 0xfc at 40',
  '0 6 leave match ip6 protocol 58 0xff match u8 0x88 0xfe at 40',
];

test('methods without answers through the node take packets for VIPs, each address once', (t) => {
  t.deepEqual(textOf(tablesOf({ method: 'dr' })), [...linkMatters, '1 4 take match ip dst 198.51.100.10/32']);
});

test('fullnat takes packets for local addresses as well', (t) => {
  t.deepEqual(textOf(tablesOf({ method: 'fullnat', toa: false }, ['10.0.0.111', 'fd00::111'])), [
    ...linkMatters,
    '1 4 take match ip dst 198.51.100.10/32',
    '1 4 take match ip dst 10.0.0.111/32',
    '1 6 take match ip6 dst fd00::111/128',
  ]);
});

test('with sharing packets for the local addresses of other nodes are taken, too', (t) => {
  const sharing = {
    tellAfterMs: 0,
    takeoversPerSecond: 1,
    datagrams: false,
    localAddresses: ['10.0.0.112', '10.0.0.111'],
  };
  t.deepEqual(textOf({ ...tablesOf({ method: 'fullnat', toa: false }, ['10.0.0.111']), sharing }), [
    ...linkMatters,
    '1 4 take match ip dst 198.51.100.10/32',
    '1 4 take match ip dst 10.0.0.111/32',
    '1 4 take match ip dst 10.0.0.112/32',
  ]);
});

test('nat takes what backends send through the node and errors, but nothing that is for the node or for many', (t) => {
  t.deepEqual(textOf(tablesOf({ method: 'nat' })), [
    ...linkMatters,
    '1 4 take match ip dst 198.51.100.10/32',
    '2 4 leave match ip dst 10.0.0.11/32',
    '2 4 leave match ip dst 10.0.0.255/32',
    '2 4 leave match ip dst 224.0.0.0/3',
    '3 4 take match ip protocol 1 0xff match u8 3 0xff at 20',
    '3 4 take match ip protocol 1 0xff match u8 11 0xff at 20',
    '3 4 take match ip protocol 1 0xff match u8 12 0xff at 20',
    '2 6 leave match ip6 dst ff00::/8',
    '3 6 take match ip6 protocol 58 0xff match u8 0 0xfc at 40',
    '3 6 take match ip6 protocol 58 0xff match u8 4 0xff at 40',
    '3 4 take match ip src 10.0.0.21/32',
  ]);
});

test('a filter takes only frames for the interface; links without addresses have no others', (t) => {
  const [rule] = steeringRules(tablesOf({ method: 'dr' }), own).filter(({ stage }) => stage === 1);
  const line = (mac: string | undefined) => rule && addLine(rule, { name: 'eth0', ifindex: 2, mac }, 1, 'weir0');
  const [head, tail] = [
    'filter add dev eth0 ingress protocol ip pref 17710 u32 match ip dst 198.51.100.10/32',
    'action mirred egress redirect dev weir0',
  ];
  t.is(line('02:00:00:00:00:bb'), `${head} match ether dst 02:00:00:00:00:bb ${tail}`);
  t.is(line(undefined), `${head} ${tail}`);
});
