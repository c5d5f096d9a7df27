import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BackendPage,
  Lab,
  type LabProcess,
  startEchoServer,
  startNginx,
  startRealServer,
  TcpSessions,
  type Topology,
  waitUntil,
} from '@weir/lab';
import { startDirector } from './second-chance-director.js';
import { testAsRoot } from './test-as-root.js';

const REAL_SERVER = fileURLToPath(import.meta.resolve('@weir/real-server/dist/main.js'));
const SESSIONS = 10;
const members = ['member1', 'member2'] as const;
/** By the family of what the director puts around them. */
const vips = {
  '198.51.100.10': 'ipv4',
  '198.51.100.11': 'ipv6',
  '2001:db8:100::10': 'ipv6',
  '2001:db8:100::11': 'ipv4',
} as const;
const addresses = Object.keys(vips) as (keyof typeof vips)[];

const topology: Topology = {
  name: 'second-chance',
  hosts: {
    client: {
      routes: [
        { to: 'default', via: '10.8.0.1' },
        { to: 'default', via: 'fd00:8::1' },
      ],
    },
    director: { forwarding: true },
    ...Object.fromEntries(
      members.map((name) => [
        name,
        {
          routes: [
            { to: 'default', via: '10.9.0.1' },
            { to: 'default', via: 'fd00:9::1' },
          ],
        },
      ]),
    ),
  },
  switches: { lan: { mtuBytes: 1600 } },
  links: [
    {
      from: { host: 'client', interface: 'eth0', addresses: ['10.8.0.2/24', 'fd00:8::2/64'] },
      to: { host: 'director', interface: 'uplink', addresses: ['10.8.0.1/24', 'fd00:8::1/64'] },
    },
    { from: { host: 'director', addresses: ['10.9.0.1/24', 'fd00:9::1/64'] }, to: { switch: 'lan' } },
    ...members.map((host, i) => ({
      from: { host, addresses: [`10.9.0.${21 + i}/24`, `fd00:9::${21 + i}/64`] },
      to: { switch: 'lan' },
    })),
  ],
};

class SecondChanceLab implements AsyncDisposable {
  #director: LabProcess | undefined;

  private constructor(readonly lab: Lab) {}

  static async start(): Promise<SecondChanceLab> {
    const lab = await Lab.start(topology);
    const started = new SecondChanceLab(lab);
    // The director's own kernel has nothing to say about the VIPs.
    for (const vip of addresses) await lab.host('director').output('ip', ['route', 'add', 'blackhole', vip]);
    await Promise.all(
      members.map(async (name) => {
        await startRealServer(lab, name, {
          interface: 'lan',
          vips: addresses,
          decap: 'second_chance',
          flags: ['--peer', '10.9.0.0/24', '--peer', 'fd00:9::/64'],
        });
        await Promise.all([startEchoServer(lab.host(name)), startNginx(lab.host(name), { bulk: name === 'member1' })]);
      }),
    );
    return started;
  }

  /** From now on the director tries the members in this order. */
  async choose(...order: readonly (typeof members)[number][]): Promise<void> {
    await this.#director?.stop();
    const choices = addresses.map((vip) => [vip, order.map((name) => this.lab.host(name).address(vips[vip]))] as const);
    this.#director = await startDirector(this.lab, 'director', Object.fromEntries(choices));
  }

  /** How often each thing happened to packets at a member. */
  async counters(name: (typeof members)[number]): Promise<Readonly<Record<string, number>>> {
    const pins = join(this.lab.bpffsDirectory as string, name);
    const args = [REAL_SERVER, 'counters', '--json', '--pin-directory', pins];
    return JSON.parse(await this.lab.host(name).output(process.execPath, args));
  }

  /** One request over a new connection to each VIP; who answered. */
  async newConnections(): Promise<ReadonlySet<string>> {
    const client = this.lab.host('client');
    const pages = await Promise.all(
      addresses.map((vip) =>
        client.output('curl', ['-sSg', '-m', '20', `http://${vip.includes(':') ? `[${vip}]` : vip}/`]),
      ),
    );
    return new Set(pages.map((page) => (JSON.parse(page) as BackendPage).backend));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

const openSessions = (lab: Lab) =>
  Promise.all(addresses.map((address) => TcpSessions.open(lab.host('client'), { address, count: SESSIONS })));

testAsRoot('connections outlive a change of the first choice, over both families and across them', async (t) => {
  await using cluster = await SecondChanceLab.start();
  const { lab } = cluster;
  await cluster.choose('member1');
  const all = await openSessions(lab);
  t.deepEqual(
    all.map(({ backends }) => backends),
    addresses.map(() => ({ member1: SESSIONS })),
  );
  // Ten seconds at this rate: it is under way when the choices change.
  const download = lab
    .host('client')
    .output(
      'curl',
      [
        '-sS',
        '-m',
        '60',
        '--limit-rate',
        '2M',
        '-r',
        '0-19999999',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{size_download}',
        `http://${addresses[0]}/bulk/100M`,
      ],
      { timeoutMs: 60_000 },
    );

  // A member joins and becomes the first choice; it has no MAC address of the other yet.
  await cluster.choose('member2', 'member1');
  t.deepEqual(await cluster.newConnections(), new Set(['member2']));
  await Promise.all(all.map((sessions) => sessions.roundTrip({ timeoutMs: 20_000 })));

  // It drains again: what it has goes on at second place, and the rest is back home.
  const younger = await openSessions(lab);
  t.deepEqual(
    younger.map(({ backends }) => backends),
    addresses.map(() => ({ member2: SESSIONS })),
  );
  await cluster.choose('member1', 'member2');
  t.deepEqual(await cluster.newConnections(), new Set(['member1']));
  await Promise.all([...all, ...younger].map((sessions) => sessions.roundTrip({ timeoutMs: 20_000 })));

  t.is(await download, '206 20000000');
  t.deepEqual(
    [...all, ...younger].flatMap(({ lost }) => lost),
    [],
  );
  for (const name of members) {
    const counts = await cluster.counters(name);
    t.true((counts.redirected as number) > SESSIONS, `${name}: ${JSON.stringify(counts)}`);
    t.true((counts.accepted_established as number) > SESSIONS);
    t.is(counts.accepted_last_hop, 0);
    t.is(counts.hop_loop, 0);
  }
});

testAsRoot('without a second choice the same change resets every connection', async (t) => {
  await using cluster = await SecondChanceLab.start();
  await cluster.choose('member1');
  const all = await openSessions(cluster.lab);
  await cluster.choose('member2');
  await waitUntil(
    'the reset of every connection',
    () => all.every(({ lost }) => lost.length === SESSIONS) || undefined,
    { timeoutMs: 20_000 },
  );
  t.true(((await cluster.counters('member2')).accepted_last_hop as number) >= addresses.length * SESSIONS);
});

testAsRoot('a handshake by SYN cookie ends where it began, though another became the first choice', async (t) => {
  await using cluster = await SecondChanceLab.start();
  const { lab } = cluster;
  for (const name of members) await lab.host(name).output('sysctl', ['-q', '-w', 'net.ipv4.tcp_syncookies=2']);
  await cluster.choose('member1', 'member2');
  // The handshake's last segment is held back until the choices have changed: member1 knows no more than its cookie.
  const client = lab.host('client');
  // By its path: there is an nft among the npm packages too.
  const nft = (...words: readonly string[]) => client.output('/usr/sbin/nft', words);
  await nft('add', 'table', 'inet', 'held');
  await nft('add', 'chain', 'inet', 'held', 'out', '{ type filter hook output priority 0; }');
  await nft('add', 'rule', 'inet', 'held', 'out', 'tcp flags & (syn | ack) == ack drop');
  const answers = cluster.newConnections();
  await waitUntil('the client has each SYN+ACK', async () => {
    const open = await client.output('ss', ['-Htn', 'state', 'established']);
    return open.trim().split('\n').length === addresses.length ? true : undefined;
  });
  await cluster.choose('member2', 'member1');
  await nft('delete', 'table', 'inet', 'held');
  t.deepEqual(await answers, new Set(['member1']));
  t.is((await cluster.counters('member1')).accepted_syn_cookie, addresses.length);
});
