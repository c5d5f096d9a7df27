import { status } from '@grpc/grpc-js';
import {
  Backend,
  BackendsService,
  BgpService,
  FlowsService,
  GetServerInfoResponse,
  HealthVerdict,
  type ListBackendsRequest,
  Node,
  NodeState,
  NodesService,
  Override,
  Peer,
  Route,
  ServerService,
  ServicesService,
  Snapshot,
  StatsService,
  TracePacketResponse,
  TraceService,
} from '@weir/admin-api';
import test from 'ava';
import { Refusal } from '../test-support/api-server.js';
import { printed, run, type Services, unanswered } from '../test-support/asked-api.js';
import { listServices, web } from '../test-support/listed-services.js';

test.serial('services stand in a table with their listeners, and how many backends are usable', async (t) => {
  t.is(
    await printed(t, [[ServicesService, listServices]], ['services']),
    `SERVICE  LISTENERS             METHOD  SCHEDULER  BACKENDS  ANNOUNCED        FROM
web      198.51.100.1:443/tcp  ipip    mh              1/2  198.51.100.1/32  etcd
dns      198.51.100.2:53/udp   dr      rr              0/1  no               weir.yaml
         [2001:db8::2]:53/udp
`,
  );
});

test.serial('one service is printed as weir.yaml has it', async (t) => {
  const getService = ({ name }: { name: string }) => ({ service: name === 'web' ? web : undefined });
  t.is(
    await printed(t, [[ServicesService, { getService }]], ['services', 'web']),
    `# from etcd, revision 17
name: web
vip: 198.51.100.1
port: 443
method: ipip
scheduler: mh
backends:
  - address: 10.0.0.1
  - address: 10.0.0.2
`,
  );
});

test.serial('lists are read page by page', async (t) => {
  const listBackends = ({ pageToken }: ListBackendsRequest) => ({
    backends: [Backend.fromPartial({ service: 'web', spec: { address: `10.0.0.${pageToken || '1'}` } })],
    nextPageToken: pageToken === '' ? '2' : '',
  });
  const text = await printed(t, [[BackendsService, { listBackends }]], ['backends', '-o', 'json']);
  const { backends } = JSON.parse(text) as { backends: { spec: { address: string } }[] };
  t.deepEqual(
    backends.map(({ spec }) => spec.address),
    ['10.0.0.1', '10.0.0.2'],
  );
});

test.serial('backends show their health, and a weight that is not what it is meant to be', async (t) => {
  const backends = [
    Backend.fromPartial({
      service: 'web',
      spec: { name: 'a', address: '10.0.0.1', port: 8080, weight: 10 },
      health: { verdict: HealthVerdict.UP },
      effectiveWeight: 10,
      traffic: { packets: 1_234_567n, activeConnections: 1234n },
    }),
    Backend.fromPartial({
      service: 'web',
      spec: { address: '10.0.0.2' },
      health: { verdict: HealthVerdict.DOWN, reason: 'connection refused', isHeld: true },
      effectiveWeight: 0,
      isFallback: true,
    }),
  ];
  const listBackends = () => ({ backends, nextPageToken: '' });
  t.is(
    await printed(t, [[BackendsService, { listBackends }]], ['backends', 'web']),
    `SERVICE  BACKEND              ADDRESS        HEALTH       WEIGHT  ACTIVE  INACTIVE  PACKETS
web      a                    10.0.0.1:8080  up               10   1,234         0   1.23 M
web      10.0.0.2 (fallback)                 down (held)  0 of 1       0         0        0
`,
  );
  t.regex(await printed(t, [[BackendsService, { listBackends }]], ['backends', '--wide']), /connection refused/);
});

test.serial('nodes show which one is asked, and what they say of themselves', async (t) => {
  const nodes = [
    Node.fromPartial({
      name: 'node1',
      state: NodeState.ACTIVE,
      version: '0.1.0',
      addresses: ['10.1.0.1'],
      announces: ['198.51.100.1/32'],
      isThis: true,
      condition: {
        bgpSessionsUp: 2,
        bgpSessionsConfigured: 2,
        tablesDigest: 'abcdef0123456789',
        backends: 3,
        backendsUsable: 2,
        connections: 1500n,
      },
    }),
    Node.fromPartial({ name: 'node2', state: NodeState.DRAINING, version: '0.1.0' }),
  ];
  t.is(
    await printed(t, [[NodesService, { listNodes: () => ({ nodes, nextPageToken: '' }) }]], ['nodes']),
    `NODE     STATE     VERSION  ADDRESSES  ANNOUNCES  SESSIONS  BACKENDS  CONNECTIONS  TABLES
node1 *  active    0.1.0    10.1.0.1           1       2/2       2/3        1,500  abcdef01
node2    draining  0.1.0                       0
`,
  );
});

const info = GetServerInfoResponse.fromPartial({
  node: 'node1',
  version: '0.1.0',
  started: new Date(Date.now() - 3_600_000),
  engine: 'xdp',
  interfaces: [{ name: 'eth0', mode: 'native' }],
  services: 2,
  backends: 3,
  backendsUsable: 2,
});
const snapshot = Snapshot.fromPartial({ flows: 500n, flowCapacity: 1000n });

test.serial('the status says what is not as it should be', async (t) => {
  const getServerInfo = () =>
    GetServerInfoResponse.fromPartial({ ...info, troubles: ['backend 10.0.0.2 of web is down'] });
  const peers = [Peer.fromPartial({ address: '10.1.0.254', state: 'established', announced: 2 })];
  const services: Services = [
    [ServerService, { getServerInfo }],
    [BgpService, { listPeers: () => ({ peers }) }],
    [StatsService, { getStats: () => ({ snapshot }) }],
  ];
  t.is(
    await printed(t, services, ['status']),
    `Node:      node1, Weir 0.1.0, up for 1h
Engine:    xdp on eth0 native
Services:  2
Backends:  2 of 3 usable
BGP:       1 of 1 sessions established, 2 prefixes announced
Flows:     500 of 1,000 entries (50 %)
Troubles:
  backend 10.0.0.2 of web is down
`,
  );
});

test.serial('a node without BGP has a status too', async (t) => {
  const listPeers = () => {
    throw new Refusal(status.FAILED_PRECONDITION, 'the configuration has no section bgp', [], 'NO_BGP');
  };
  const services: Services = [
    [ServerService, { getServerInfo: () => info }],
    [BgpService, { listPeers }],
    [StatsService, { getStats: () => ({ snapshot }) }],
  ];
  const text = await printed(t, services, ['status']);
  t.notRegex(text, /BGP/);
  t.regex(text, /Troubles: +none/);
});

test.serial('a status whose BGP sessions the node refuses to tell is a failure, not one without BGP', async (t) => {
  const listPeers = () => {
    throw new Refusal(status.FAILED_PRECONDITION, 'the speaker is starting', [], 'SPEAKER_STARTING');
  };
  const services: Services = [
    [ServerService, { getServerInfo: () => info }],
    [BgpService, { listPeers }],
    [StatsService, { getStats: () => ({ snapshot }) }],
  ];
  const { status: code, stderr } = await run(services, ['status']);
  t.is(code, 1);
  t.is(stderr, 'weirctl: the speaker is starting\n');
});

test.serial('bgp shows sessions and routes, and why a route is not announced', async (t) => {
  const peers = [
    Peer.fromPartial({ address: '10.1.0.254', asn: 64_512, state: 'active', reason: 'connection refused' }),
  ];
  const routes = [
    Route.fromPartial({ prefix: '198.51.100.1/32', isAnnounced: true, services: ['web'] }),
    Route.fromPartial({ prefix: '198.51.100.2/32', override: Override.OFF, reason: 'an operator wants it off' }),
  ];
  const answers = { listPeers: () => ({ peers }), listRoutes: () => ({ routes }) };
  t.is(
    await printed(t, [[BgpService, answers]], ['bgp']),
    `PEER           AS  STATE   FOR  ANNOUNCED  WHY NOT
10.1.0.254  64512  active               0  connection refused

PREFIX           ANNOUNCED  OVERRIDE  SERVICES  COMMUNITIES  WHY NOT
198.51.100.1/32  yes                  web
198.51.100.2/32  no         off                              an operator wants it off
`,
  );
});

test.serial('flows whose addresses are not kept are said to be so', async (t) => {
  const flows = [
    {
      tuple: { protocol: 'tcp', clientAddress: '203.0.113.7', clientPort: 40_000, vip: '198.51.100.1', vipPort: 443 },
      service: 'web',
      backendAddress: '10.0.0.1',
      backendPort: 8080,
      state: 'established',
      idle: { seconds: 65n, nanos: 0 },
      localAddress: '',
      localPort: 0,
      isShared: true,
    },
    {
      service: 'dns',
      backendAddress: '2001:db8::3',
      backendPort: 53,
      state: 'active',
      localAddress: '',
      localPort: 0,
      isShared: false,
    },
  ];
  const listFlows = () => [
    { flows: flows.slice(0, 1), unanswered: 0n },
    { flows: flows.slice(1), unanswered: 3n },
  ];
  t.is(
    await printed(t, [[FlowsService, { listFlows }]], ['flows']),
    `SERVICE  PROTO  CLIENT             VIP               BACKEND           LOCAL  STATE         IDLE  SHARED
web      tcp    203.0.113.7:40000  198.51.100.1:443  10.0.0.1:8080            established  1m 5s  yes
dns             not kept                             [2001:db8::3]:53         active          0s
of 3 further flows the node keeps no addresses: the conditions can't be answered of them
`,
  );
});

test.serial('a list of flows that Ctrl-C cuts short ends with 130, and says that it is short', async (t) => {
  const silent = unanswered();
  const { status: code, stderr } = await run(
    [[FlowsService, { listFlows: silent.answer }]],
    ['flows'],
    '',
    silent.asked,
  );
  t.is(code, 130);
  t.is(stderr, 'weirctl: interrupted after 0 flows; there may be more\n');
});

test.serial('a trace shows each decision, and ends with the verdict', async (t) => {
  let asked: unknown;
  const tracePacket = (request: unknown) => {
    asked = request;
    return TracePacketResponse.fromPartial({
      steps: [
        { decision: 'service', text: 'web' },
        { decision: 'next_hop', text: 'the kernel has no route' },
      ],
      verdict: 'dropped',
      dropReason: 'no_route',
      engine: 'xdp',
    });
  };
  const args = ['trace', '[2001:db8::7]:40000', '[2001:db8::1]:443/tcp', '--flags', 'fin,ack'];
  t.is(
    await printed(t, [[TraceService, { tracePacket }]], args),
    'service   web\nnext hop  the kernel has no route\n\ndropped: no_route (xdp)\n',
  );
  t.like(asked, { sourceAddress: '2001:db8::7', destinationPort: 443, tcpFlags: ['fin', 'ack'] });
});

test.serial('top prints rates of one interval', async (t) => {
  const at = (seconds: number, packets: bigint) =>
    Snapshot.fromPartial({
      time: new Date(seconds * 1000),
      services: [
        {
          name: 'web',
          traffic: { packets, bytes: packets * 1000n },
          backends: [{ name: 'a', traffic: { packets, bytes: packets * 1000n, activeConnections: 7n } }],
        },
      ],
      drops: { no_route: packets / 1000n },
    });
  const streamStats = () => [{ snapshot: at(1, 0n) }, { snapshot: at(3, 2_469_134n) }];
  t.is(
    await printed(t, [[StatsService, { streamStats }]], ['top', '--once']),
    `1.23 Mpps, 9.88 Gb/s, 0 of 0 entries of flows
dropped: no_route 1.24 kpps

SERVICE  BACKEND    PACKETS       BITS  ACTIVE
web               1.23 Mpps  9.88 Gb/s       7
         a        1.23 Mpps  9.88 Gb/s       7
`,
  );
});
