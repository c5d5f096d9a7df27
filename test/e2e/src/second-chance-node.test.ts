import {
  type LabHost,
  type LabProcess,
  type ServiceDocument,
  standardCluster,
  startEchoServer,
  startRealServer,
  TcpSessions,
  WeirCluster,
  type WeirClusterOptions,
  waitUntil,
} from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { testAsRoot } from './test-as-root.js';

/** As many as a packet may try: the members of a row before three backends came, and these. */
const CHOICES = 4;
const DOWNLOADS = 200;
const DOWNLOAD_BYTES_PER_SECOND = 75_000;
/** 40 s: as long as most of what happens takes, and short enough to wait for the end. */
const DOWNLOAD_BYTES = 3_000_000;
/** 20 minutes: whatever happens is over by then, and they are stopped. */
const LONG_DOWNLOAD_BYTES = 90_000_000;
/** Of {@link DOWNLOADS}, those that come to their end. */
const DOWNLOADS_TO_THE_END = 20;
const FIRST_BACKENDS = 3;

/** What agents of backends are told. */
const secondChance = { decap: 'second_chance', flags: ['--peer', '10.0.0.0/24', '--peer', 'fd00:10::/64'] };

type State = 'filling' | 'active' | 'draining';

/** A cluster whose nodes send by rows of choices; the backends of the first rows serve, three more are idle. */
async function startCluster(
  agent: { readonly decap: string; readonly flags: readonly string[] },
  nodeOptions: WeirClusterOptions['nodeOptions'] = {},
): Promise<WeirCluster> {
  const cluster = standardCluster({ nodes: 3, backends: FIRST_BACKENDS + 3, innerMtuBytes: 1700 });
  const weir = await WeirCluster.start({
    cluster,
    bulk: true,
    decap: undefined,
    holdSeconds: 3,
    nodeOptions,
    services: () => servicesOf(cluster, states(FIRST_BACKENDS)),
  });
  const { vip } = cluster;
  for (const { name } of cluster.backends) {
    await startEchoServer(weir.lab.host(name));
    await startRealServer(weir.lab, name, { interface: cluster.interface, vips: [vip.ipv4, vip.ipv6], ...agent });
  }
  return weir;
}

function servicesOf({ vip, backends }: WeirCluster['cluster'], members: readonly State[]): readonly ServiceDocument[] {
  return (['ipv4', 'ipv6'] as const).map((family) => ({
    name: family,
    vip: vip[family],
    port: 'all',
    method: 'gue',
    secondChance: { choices: CHOICES },
    backends: members.map((state, i) => ({ address: backends[i]?.[family] as string, state })),
  }));
}

/** The first backends, all active but for those that are named. */
function states(count: number, named: Readonly<Record<number, State>> = {}): readonly State[] {
  return Array.from({ length: count }, (_, i) => named[i] ?? 'active');
}

/** Downloads by IPv4 that are under way; how each of them ended. */
class Downloads {
  readonly #process: LabProcess;

  /**
   * Resolves when all are connected: a handshake that is repeated while rows change may have begun at another backend
   * than it goes on at, and nobody promises that it succeeds.
   */
  static async begin(weir: WeirCluster, count: number, bytes: number): Promise<Downloads> {
    const before = await connectionsTo(weir);
    const downloads = new Downloads(weir, count, bytes);
    const connected = async () => (await connectionsTo(weir)) >= before + count || undefined;
    await waitUntil(`${count} downloads to begin`, connected, { timeoutMs: 30_000, intervalMs: 100 });
    return downloads;
  }

  private constructor(weir: WeirCluster, count: number, bytes: number) {
    const url = `${weir.url(weir.cluster.vip.ipv4, '/bulk/100M')}?[1-${count}]`;
    const range = `0-${bytes - 1}`;
    // Not to the standard output, which curl keeps back until there is much of it; there its progress is, on lines without an end.
    const told = '%{stderr}\\n%{exitcode} %{size_download}\\n';
    const rate = String(DOWNLOAD_BYTES_PER_SECOND);
    this.#process = weir.lab
      .host('client')
      .spawn(
        'curl',
        ['-sZ', '--parallel-immediate', '--parallel-max', String(count), '--limit-rate', rate].concat([
          '-r',
          range,
          '-w',
          told,
          '-o',
          '/dev/null',
          url,
        ]),
        { name: 'downloads' },
      );
  }

  /** How each ended that has, as `EXIT-CODE BYTES`. */
  get ends(): readonly string[] {
    // With -Z, even a silent curl tells of its progress.
    return this.#process.lines.filter((line) => /^\d+ \d+$/.test(line));
  }

  /** Ends those that are under way, and says how those ended that had before. */
  async stop(): Promise<readonly string[]> {
    await this.#process.stop();
    await this.#process.closed;
    return this.ends;
  }

  /** How all ended, and how many ended so. */
  async outcomes(): Promise<Readonly<Record<string, number>>> {
    await this.#process.closed;
    const counts: Record<string, number> = {};
    for (const end of this.ends) counts[end] = (counts[end] ?? 0) + 1;
    return counts;
  }
}

/** Connections of the client to nginx that are established. */
async function connectionsTo({ lab, cluster }: WeirCluster): Promise<number> {
  const filter = ['state', 'established', 'dst', cluster.vip.ipv4, 'dport', '=', ':80'];
  const lines = await lab.host('client').output('ss', ['-Htn', ...filter]);
  return lines.split('\n').filter((line) => line !== '').length;
}

const whole = `0 ${DOWNLOAD_BYTES}`;

testAsRoot('connections survive backends that come and go, and nodes that come, drain and die', async (t) => {
  await using weir = await startCluster(secondChance);
  const { vip } = weir.cluster;
  const client = weir.lab.host('client');
  const [node1, , node3] = weir.nodes;
  if (node1 === undefined || node3 === undefined) return t.fail();
  await node3.process.stop('SIGTERM', 20_000);
  await weir.waitForRoutes(vip.ipv4, 2);

  const resetsBefore = await tcpResets(client);
  await using sessions = await TcpSessions.open(client, { address: vip.ipv4, count: 20 });
  await using sessions6 = await TcpSessions.open(client, { address: vip.ipv6, count: 20 });
  const longDownloads = await Downloads.begin(weir, DOWNLOADS - DOWNLOADS_TO_THE_END, LONG_DOWNLOAD_BYTES);
  const downloads = await Downloads.begin(weir, DOWNLOADS_TO_THE_END, DOWNLOAD_BYTES);
  const goesOn = async (event: string) => {
    await Promise.all([sessions.roundTrip(), sessions6.roundTrip()]);
    t.deepEqual([sessions.lost, sessions6.lost, longDownloads.ends], [[], [], []], event);
    t.log(event);
  };
  const put = (members: readonly State[]) => configure(weir, servicesOf(weir.cluster, members));

  await goesOn('all are under way');
  await put(states(4, { 3: 'filling' }));
  await put(states(4));
  await goesOn('a backend was added');
  await put(states(6, { 4: 'filling', 5: 'filling' }));
  await put(states(6));
  await goesOn('two backends were added at once');
  await put(states(6, { 0: 'draining' }));
  await goesOn('a backend drains');
  await node3.start();
  await weir.waitForRoutes(vip.ipv4, 3);
  await goesOn('a node was added');
  await node1.process.stop('SIGTERM', 20_000);
  await weir.waitForRoutes(vip.ipv4, 2);
  await goesOn('a node was drained');
  await weir.lab.host('node2').crash();
  await weir.waitForRoutes(vip.ipv4, 1);
  await goesOn('a node was killed');

  t.deepEqual(await downloads.outcomes(), { [whole]: DOWNLOADS_TO_THE_END });
  // Those that are stopped are reset, by the client itself.
  t.is((await tcpResets(client)) - resetsBefore, 0);
  t.deepEqual(await longDownloads.stop(), [], 'ended before they were stopped');
  await assertDrained(t, weir, client);
});

testAsRoot('connections survive another choice of hashed fields, as long as the former one is named', async (t) => {
  await using weir = await startCluster(secondChance);
  const hashing = (fields: object) =>
    servicesOf(weir.cluster, states(6)).map((service) => ({ ...service, secondChance: { choices: 2, ...fields } }));
  await configure(weir, hashing({}));
  const client = weir.lab.host('client');
  await using sessions = await TcpSessions.open(client, { address: weir.cluster.vip.ipv4, count: 40 });
  await using sessions6 = await TcpSessions.open(client, { address: weir.cluster.vip.ipv6, count: 40 });
  const before = ['source', 'destination', 'sourcePort', 'destinationPort'];
  await configure(weir, hashing({ hashFields: ['source', 'sourcePort'], alternativeHashFields: before }));
  await Promise.all([sessions.roundTrip(), sessions6.roundTrip()]);
  t.deepEqual([sessions.lost, sessions6.lost], [[], []]);
  await configure(weir, hashing({ hashFields: ['source', 'sourcePort'] }));
  await sessions.roundTrip();
  t.true(sessions.lost.length > 5, `${sessions.lost.length} of 40 connections ended`);
});

testAsRoot('portable engine: connections survive two backends that are added at once', async (t) => {
  await using weir = await startCluster(secondChance, { engine: 'portable' });
  const { vip } = weir.cluster;
  const client = weir.lab.host('client');
  await using sessions = await TcpSessions.open(client, { address: vip.ipv4, count: 40 });
  await using sessions6 = await TcpSessions.open(client, { address: vip.ipv6, count: 40 });
  await configure(weir, servicesOf(weir.cluster, states(5)));
  await Promise.all([sessions.roundTrip(), sessions6.roundTrip()]);
  t.deepEqual([sessions.lost, sessions6.lost], [[], []]);
  await using fresh = await TcpSessions.open(client, { address: vip.ipv4, count: 100 });
  t.is(Object.keys(fresh.backends).length, 5);
});

testAsRoot('where nobody passes packets on, new backends reset the connections of their rows', async (t) => {
  // The same packets, but the first choice delivers all of them: a table of one choice.
  await using weir = await startCluster({ decap: 'gue', flags: ['--gue-port', '19523'] });
  const { ipv4 } = weir.cluster.vip;
  await using sessions = await TcpSessions.open(weir.lab.host('client'), { address: ipv4, count: 40 });
  const downloads = await Downloads.begin(weir, DOWNLOADS, DOWNLOAD_BYTES);
  await sessions.roundTrip();
  await configure(weir, servicesOf(weir.cluster, states(6)));
  await sessions.roundTrip();
  const lost = sessions.lost.length;
  t.true(lost > 5 && lost < 40, `${lost} of 40 connections ended`);
  const { [whole]: survivors = 0 } = await downloads.outcomes();
  t.true(survivors > 0 && survivors < DOWNLOADS, `${survivors} of ${DOWNLOADS} downloads were whole`);
});

/** Writes services into the configuration of all nodes; those whose daemon runs have it in force when this resolves. */
async function configure({ nodes }: WeirCluster, services: readonly ServiceDocument[]): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      const after = node.process.lines.length;
      node.write({ ...node.document, services });
      if (node.process.end === undefined) await node.process.waitForLine(/"msg":"configuration in force"/, { after });
    }),
  );
}

/** Connections of a host that a reset has ended since it was made (RFC 4022, tcpEstabResets). */
async function tcpResets(host: LabHost): Promise<number> {
  const text = await host.output('cat', ['/proc/net/snmp']);
  const [names, values] = text.split('\n').flatMap((line) => (line.startsWith('Tcp:') ? [line.split(' ')] : []));
  return Number(values?.[names?.indexOf('EstabResets') ?? -1]);
}

/** New connections go to all backends but the one that drains. */
async function assertDrained(t: ExecutionContext, weir: WeirCluster, client: LabHost): Promise<void> {
  await using fresh = await TcpSessions.open(client, { address: weir.cluster.vip.ipv4, count: 100 });
  t.deepEqual(fresh.lost, []);
  t.deepEqual(Object.keys(fresh.backends).sort(), ['backend2', 'backend3', 'backend4', 'backend5', 'backend6']);
}
