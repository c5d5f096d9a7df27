import { parseNodeConfig } from '@weir/control';
import { type Counters, dropReasons } from '@weir/dataplane';
import type { DaemonFigures } from '../metrics/daemon-figures.js';

/** Two services of two backends, one of them down; peers, a store, etcd: a figure of each kind. */
export const config = parseNodeConfig(
  `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11" }
bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 }, { address: 10.0.0.2, asn: 64500 } ] }
services:
  - name: web
    vip: 198.51.100.10
    port: 80
    healthCheck: { kind: tcp }
    backends: [ { name: web1, address: 10.0.0.21 }, { address: 10.0.0.22, weight: 0 } ]
  - name: mail "quoted"
    vip: 2001:db8::10
    port: 25
    method: nat
    scheduler: wlc
    backends: [ { address: "fd00::21", port: 2525 } ]
`,
  'weir.yaml',
);

const none = { packets: 0, bytes: 0, newFlows: 0, activeConnections: 0, inactiveConnections: 0 };

const counters: Counters = {
  services: [
    {
      vip: '198.51.100.10',
      protocol: 'tcp',
      port: 80,
      packets: 1000,
      bytes: 64_000,
      newFlows: 12,
      backends: [
        {
          address: '10.0.0.21',
          port: 0,
          packets: 900,
          bytes: 60_000,
          newFlows: 10,
          activeConnections: 3,
          inactiveConnections: 4,
        },
        { ...none, address: '10.0.0.22', port: 0 },
        { ...none, address: '10.0.0.29', port: 0, packets: 50 },
      ],
    },
    {
      vip: '2001:db8::10',
      protocol: 'tcp',
      port: 25,
      packets: 5,
      bytes: 500,
      newFlows: 1,
      backends: [{ ...none, address: 'fd00::21', port: 2525, packets: 5, bytes: 500 }],
    },
    { vip: '198.51.100.99', protocol: 'udp', port: 53, packets: 7, bytes: 70, newFlows: 0, backends: [] },
  ],
  handovers: [{ address: '10.0.0.12', packets: 3, bytes: 300 }],
  drops: { ...(Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Counters['drops']), no_flow: 8 },
};

export const figures: DaemonFigures = {
  node: {
    config,
    counters,
    flowTable: { taken: 17, places: 4096, answers: { taken: 5, places: 2048 } },
    attachments: [{ interface: 'eth0', mode: 'native', adopted: false }],
    health: {
      backends: [
        {
          service: 'web',
          backend: 'web1',
          verdict: 'up',
          reason: 'connected',
          sinceMs: Date.UTC(2026, 0, 1),
          isHeld: false,
          latencyMs: 1.5,
          goodProbes: 12,
          badProbes: 1,
          changes: 2,
        },
        {
          service: 'web',
          backend: '10.0.0.22',
          verdict: 'down',
          reason: 'connection refused',
          sinceMs: Date.UTC(2026, 0, 1),
          isHeld: false,
          goodProbes: 0,
          badProbes: 9,
          changes: 1,
        },
      ],
    },
    sharing: {
      store: {
        kind: 'redis',
        isAvailable: true,
        lastError: undefined,
        reconnections: 1,
        queued: 4,
        lagMs: 250,
        batches: 9,
        failedBatches: 2,
        told: 1200,
        refreshed: 30,
        ended: 4,
        found: 9,
        unknown: 0,
        unavailable: 0,
        foreign: 0,
        takenOver: 8,
        yielded: 2,
        malformed: 0,
        dropped: { refresh: 7, end: 0, tell: 0, yield: 0 },
      },
      dataplane: { told: 1234, ended: 4, missed: 20, overRate: 3, lost: 0, adopted: 9 },
      takeover: {
        lookups: 12,
        found: 9,
        unknown: 3,
        unavailable: 0,
        otherService: 0,
        takenOver: 8,
        settled: { adopted: 9, known: 0, no_backend: 0, no_room: 0, unknown: 4 },
        dropped: 1,
      },
    },
    speaker: {
      gobgpd: { kind: 'running', pid: 1 },
      peers: [
        { address: '10.0.0.1', asn: 64500, state: 'established', advertised: 2, accepted: 0 },
        { address: '10.0.0.2', asn: 64500, state: 'active', advertised: 0, accepted: 0 },
      ],
      announced: ['198.51.100.10/32', '10.0.0.111/32'],
    },
    announced: ['198.51.100.10/32'],
    overrides: new Map([['2001:db8::10', 'off']]),
    silence: [],
    reachableBackends: 2,
  },
  etcd: { source: 'etcd', connected: true, revision: '4711', skipped: new Map([['services/x', 'wrong']]) },
};
