import { parseNodeConfig } from '@weir/control';
import { type BackendCount, type DropReason, dropReasons } from '@weir/dataplane';
import test from 'ava';
import { formatCounters } from './format-counters.js';

const { services: configured } = parseNodeConfig(
  `node: { interfaces: [eth0], localAddresses: [10.0.0.111] }
services:
  - name: shop
    listeners: [ { vip: 198.51.100.10, port: 80 }, { vip: 198.51.100.10, port: 8000-8999 } ]
    method: fullnat
    scheduler: wlc
    persistence: { timeout: 5m }
    backends: [ { address: 10.0.0.21, port: 8080, weight: 3 }, { address: 10.0.0.22 } ]`,
  'weir.yaml',
);
const noDrops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>;
const countOf = (count: Partial<BackendCount>): BackendCount => ({
  address: '10.0.0.21',
  port: 0,
  activeConnections: 0,
  inactiveConnections: 0,
  newFlows: 0,
  packets: 0,
  bytes: 0,
  ...count,
});

test('counters are a table as of ipvsadm: listeners and scheduler, then backends with method, weight and connections', (t) => {
  const text = formatCounters(
    {
      services: [
        {
          vip: '198.51.100.10',
          protocol: 'tcp',
          port: 80,
          packets: 12,
          bytes: 3400,
          newFlows: 7,
          backends: [
            countOf({ port: 8080, activeConnections: 2, inactiveConnections: 5, packets: 12, bytes: 3400 }),
            countOf({ address: '10.0.0.22' }),
          ],
        },
      ],
      handovers: [],
      drops: noDrops,
    },
    configured,
  );
  t.is(
    text,
    `Prot VIP:Port Scheduler Flags
  -> Backend:Port                              Forward  Weight ActiveConn InActConn       Packets             Bytes
TCP  198.51.100.10:80 wlc persistent 300                                                       12              3400
TCP  198.51.100.10:8000-8999
  -> 10.0.0.21:8080                            fullnat       3          2         5            12              3400
  -> 10.0.0.22                                 fullnat       1          0         0             0                 0
`,
  );
});

test('second chance tells its choices, and backends on their way in or out say so', (t) => {
  const { services } = parseNodeConfig(
    `node: { interfaces: [eth0] }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: gue, secondChance: {}, backends: [ { address: 10.0.0.21, state: draining }, { address: 10.0.0.22 } ] }`,
    'weir.yaml',
  );
  const backends = [countOf({}), countOf({ address: '10.0.0.22' })];
  const count = {
    vip: '198.51.100.10',
    protocol: 'tcp',
    port: 80,
    packets: 0,
    bytes: 0,
    newFlows: 0,
    backends,
  } as const;
  t.is(
    formatCounters({ services: [count], handovers: [], drops: noDrops }, services)
      .split('\n')
      .slice(1)
      .join('\n'),
    `  -> Backend:Port                              Forward  Weight ActiveConn InActConn       Packets             Bytes
TCP  198.51.100.10:80 rendezvous choices 3                                                      0                 0
  -> 10.0.0.21                                 gue draining  1          0         0             0                 0
  -> 10.0.0.22                                 gue           1          0         0             0                 0
`,
  );
});

test('what is not configured any more is printed with what is still known, and only drops that happened', (t) => {
  const text = formatCounters(
    {
      services: [
        {
          vip: '2001:db8::10',
          protocol: 'udp',
          port: 0,
          packets: 1,
          bytes: 100,
          newFlows: 0,
          backends: [countOf({ address: 'fd00::21', packets: 1, bytes: 100 })],
        },
      ],
      handovers: [],
      drops: { ...noDrops, fragment_unknown: 7 },
    },
    configured,
  );
  t.is(
    text,
    `Prot VIP:Port Scheduler Flags
  -> Backend:Port                              Forward  Weight ActiveConn InActConn       Packets             Bytes
UDP  [2001:db8::10]:all -                                                                       1               100
  -> [fd00::21]                                -             -          0         0             1               100

Dropped                                                                                   Packets
  fragment_unknown                                                                              7
`,
  );
});

test('what went to other nodes is told by node, if anything did', (t) => {
  const handovers = [
    { address: 'fd00::12', packets: 3, bytes: 180 },
    { address: 'fd00::13', packets: 0, bytes: 0 },
  ];
  t.is(
    formatCounters({ services: [], handovers, drops: noDrops }, configured).split('\n').slice(3).join('\n'),
    `Handed over to                                                                            Packets             Bytes
  -> [fd00::12]                                                                                 3               180
`,
  );
});
