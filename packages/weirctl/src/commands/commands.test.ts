import { status } from '@grpc/grpc-js';
import {
  ApplyServiceResponse,
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
  Origin,
  Override,
  Peer,
  Rollout,
  RolloutsService,
  Route,
  ServerService,
  Service,
  ServicesService,
  Snapshot,
  StatsService,
  serviceSpecOf,
  TracePacketResponse,
  TraceService,
} from '@weir/admin-api';
import test, { type ExecutionContext } from 'ava';
import { ApiServer, Refusal } from '../test-support/api-server.js';
import { weirctlAt } from '../test-support/run-weirctl.js';

type Services = Parameters<typeof ApiServer.open>[0];

/** What a command prints that ends well, with the API that answers like this. */
async function printed(t: ExecutionContext, services: Services, args: readonly string[], input = ''): Promise<string> {
  const { status: code, stdout, stderr } = await run(services, args, input);
  t.is(code, 0, stderr);
  return stdout;
}

async function run(services: Services, args: readonly string[], input = '') {
  await using server = await ApiServer.open(services);
  return await weirctlAt(server.address, args, input);
}

const web = Service.fromPartial({
  spec: serviceSpecOf({
    name: 'web',
    vip: '198.51.100.1',
    port: 443,
    method: 'ipip',
    scheduler: 'mh',
    backends: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }],
  }),
  revision: '17',
  origin: Origin.ETCD,
  usableBackends: 1,
  announced: ['198.51.100.1/32'],
});
const dns = Service.fromPartial({
  spec: serviceSpecOf({
    name: 'dns',
    listeners: [
      { vip: '198.51.100.2', protocol: 'udp', port: 53 },
      { vip: '2001:db8::2', protocol: 'udp', port: 53 },
    ],
    method: 'dr',
    scheduler: 'rr',
    backends: [{ address: '10.0.0.3' }],
  }),
  origin: Origin.FILE,
});
const listServices = { listServices: () => ({ services: [web, dns], nextPageToken: '' }) };

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
    throw new Refusal(status.FAILED_PRECONDITION, 'the configuration has no section bgp');
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

const file =
  'services:\n  - { name: web, vip: 198.51.100.1, port: 443, backends: [ { address: 10.0.0.1, weight: 5 } ] }\n';
const changes = [{ path: 'backends[10.0.0.1].weight', beforeJson: '1', afterJson: '5' }];

test.serial('apply tells the difference, with the revision that it saw, and then changes it', async (t) => {
  const requests: { dryRun: boolean; expectedRevision: string }[] = [];
  const applyService = (request: { dryRun: boolean; expectedRevision: string }) => {
    requests.push(request);
    return ApplyServiceResponse.fromPartial({ changes });
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  t.is(
    await printed(t, services, ['apply', '-f', '-'], file),
    'service web\n  ~ backends[10.0.0.1].weight: 1 -> 5\n1 service changed\n',
  );
  t.deepEqual(
    requests.map(({ dryRun, expectedRevision }) => [dryRun, expectedRevision]),
    [
      [true, '17'],
      [false, '17'],
    ],
  );
});

test.serial('apply on trial, and diff, change nothing; diff ends with 1', async (t) => {
  const applyService = ({ dryRun }: { dryRun: boolean }) => {
    t.true(dryRun);
    return ApplyServiceResponse.fromPartial({ changes });
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  t.regex(await printed(t, services, ['apply', '-f', '-', '--dry-run'], file), /1 service would change\n$/);
  const { status: code, stdout } = await run(services, ['diff', '-f', '-'], file);
  t.is(code, 1);
  t.is(stdout, 'service web\n  ~ backends[10.0.0.1].weight: 1 -> 5\n');
});

test.serial('apply does not begin when one of the services is refused, and says which field', async (t) => {
  const applyService = ({ dryRun }: { dryRun: boolean }) => {
    t.true(dryRun);
    throw new Refusal(status.INVALID_ARGUMENT, 'wrong', [
      { field: 'service.listeners[0].vip', description: 'is the VIP of another service' },
    ]);
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  const { status: code, stderr } = await run(services, ['apply', '-f', '-'], file);
  t.is(code, 78);
  t.is(stderr, 'weirctl: the node refuses this:\n  service.listeners[0].vip: is the VIP of another service\n');
});

test.serial('what is wrong in a file is said before a node is asked', async (t) => {
  const { status: code, stderr } = await run([], ['apply', '-f', '-'], file.replace('weight', 'wieght'));
  t.is(code, 78);
  t.regex(stderr, /services\[0\]\.backends\[0\]\.wieght.*did you mean "weight"/);
});

test.serial('apply --prune names what would go, and goes on only with --yes where nobody can be asked', async (t) => {
  const deleted: string[] = [];
  const answers = {
    ...listServices,
    applyService: () => ApplyServiceResponse.fromPartial({}),
    deleteService: ({ name }: { name: string }) => {
      deleted.push(name);
      return {};
    },
  };
  const services: Services = [[ServicesService, answers]];
  const { status: code, stderr } = await run(services, ['apply', '-f', '-', '--prune'], file);
  t.is(code, 1);
  t.regex(stderr, /would delete dns; say --yes/);
  t.deepEqual(deleted, []);
  t.is(
    await printed(t, services, ['apply', '-f', '-', '--prune', '--yes'], file),
    '- service dns\n1 service changed\n',
  );
  t.deepEqual(deleted, ['dns']);
});

test.serial(
  'a drain waits until no connection is left; one that takes too long is a failure that names the way back',
  async (t) => {
    const answers = (isDrained: boolean) => ({
      drainBackend: () => [
        { connectionsLeft: 5n, connectionsAtStart: 5n, isDrained: false },
        { connectionsLeft: isDrained ? 0n : 2n, connectionsAtStart: 5n, isDrained },
      ],
    });
    const args = ['drain', 'backend', 'web', 'a', '--limit', '1s'];
    t.is(await printed(t, [[BackendsService, answers(true)]], args), 'a of web is drained\n');
    const { status: code, stderr } = await run([[BackendsService, answers(false)]], args);
    t.is(code, 1);
    t.regex(stderr, /still has 2 connections.*"weirctl undrain backend web a" takes it back/);
  },
);

test.serial('a rollout is watched to its end, a line for each thing that changes', async (t) => {
  const at = (phase: string, first: string, second: string, reason = '') => ({
    rollout: Rollout.fromPartial({
      name: 'up',
      phase,
      reason,
      started: new Date(0),
      ended: new Date(65_000),
      steps: [
        { text: 'restart node1', phase: first },
        { text: 'restart node2', phase: second, detail: second === 'running' ? '3 connections left' : '' },
      ],
    }),
  });
  const watched = (end: object) => ({
    watchRollout: () => [at('running', 'running', 'waiting'), at('running', 'done', 'running'), end],
  });
  t.is(
    await printed(t, [[RolloutsService, watched(at('done', 'done', 'done'))]], ['rollout', 'watch', 'up']),
    `[1/2] restart node1: running
[1/2] restart node1: done
[2/2] restart node2: running, 3 connections left
[2/2] restart node2: done
rollout up is done in 1m 5s
`,
  );
  const failed = watched(at('failed', 'done', 'failed', 'node2 did not come back'));
  const { status: code, stderr } = await run([[RolloutsService, failed]], ['rollout', 'watch', 'up']);
  t.is(code, 1);
  t.regex(stderr, /rollout up is failed: node2 did not come back/);
});

for (const [code, exit, message] of [
  [status.PERMISSION_DENIED, 77, 'needs the role operator'],
  [status.NOT_FOUND, 1, 'there is no service wbe'],
  [status.ABORTED, 1, 'the service has revision 18, not 17; look at what it is now, and try again'],
] as const) {
  test.serial(`a call that ends with ${status[code]} ends the command with ${exit}`, async (t) => {
    const getService = () => {
      throw new Refusal(code, message.replace('; look at what it is now, and try again', ''));
    };
    const { status: ended, stderr } = await run([[ServicesService, { getService }]], ['services', 'wbe']);
    t.is(ended, exit);
    t.is(stderr, `weirctl: ${message}\n`);
  });
}

test.serial('a node that nobody runs is said to be so, with 69', async (t) => {
  const { status: code, stderr } = await weirctlAt('unix:/nowhere/admin.sock', ['nodes']);
  t.is(code, 69);
  t.regex(stderr, /nobody listens at unix:\/nowhere\/admin.sock; is the node running\?/);
});

test.serial('a node that is older than the command is said to be so', async (t) => {
  const { status: code, stderr } = await run([[ServicesService, {}]], ['services']);
  t.is(code, 69);
  t.regex(stderr, /does not know this/);
});

test.serial('names of services and backends are completed, and commands', async (t) => {
  const backends = [Backend.fromPartial({ spec: { name: 'a', address: '10.0.0.1' } })];
  const services: Services = [
    [ServicesService, listServices],
    [BackendsService, { listBackends: () => ({ backends, nextPageToken: '' }) }],
  ];
  const complete = (...words: string[]) => printed(t, services, ['complete', '--', ...words]);
  t.is(await complete('drain', 'backend', ''), 'web\ndns\n');
  t.is(await complete('drain', 'backend', 'web', ''), 'a\n');
  t.is(await complete('services', 'w'), 'web\n');
  t.is(await complete('drain', ''), 'backend\nnode\n');
  t.is(await complete('bgp', 'override', '198.51.100.1', 'o'), 'on\noff\n');
  t.is(await complete('services', '--tls-c'), '--tls-ca\n--tls-cert\n');
});
