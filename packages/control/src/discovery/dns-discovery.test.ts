import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { decode, encode } from 'dns-packet';
import { DnsServer } from '../test-support/dns-server.js';
import { discoverySuite } from './discovery-compliance.js';
import type { DnsDiscoveryConfig } from './discovery-config.js';
import { DnsDiscovery } from './dns-discovery.js';
import { Followed } from './followed.fixture.js';

const SRV = { kind: 'srv', name: '_http._tcp.test' } as const;
const NAME = { kind: 'addresses', name: 'web.test', weight: 1 } as const;

function discovery(
  records: DnsDiscoveryConfig['records'],
  resolvers: DnsDiscoveryConfig['resolvers'],
  times: Partial<DnsDiscoveryConfig> = {},
): DnsDiscovery {
  return new DnsDiscovery({
    kind: 'dns',
    records,
    ...(resolvers === undefined ? {} : { resolvers }),
    timeoutMs: 20_000,
    minTtlMs: 50,
    maxTtlMs: 60_000,
    keepNegativeMs: 60_000,
    keepFailedMs: 60_000,
    ...times,
  });
}

/** A server that has these options of dnsmasq, and what is found there. */
async function found(t: ExecutionContext, records: DnsDiscoveryConfig['records'], options: readonly string[]) {
  const server = await DnsServer.open(t, options);
  return new Followed(t, discovery(records, [server.endpoint]));
}

discoverySuite('dns, addresses of a name', async (t) => {
  const server = await DnsServer.open(t);
  return {
    open: () => discovery(NAME, [server.endpoint], { maxTtlMs: 200 }),
    publish: (addresses) => server.restart(addresses.map((address) => `--host-record=web.test,${address}`)),
    break: () => server.stop(),
  };
});

test('targets of SRV records have their ports and weights; those of the lowest priority alone are used', async (t) => {
  const followed = await found(t, SRV, [
    '--srv-host=_http._tcp.test,a.test,8081,10,3',
    '--srv-host=_http._tcp.test,b.test,8082,10,0',
    '--srv-host=_http._tcp.test,far.test,8083,20,5',
    '--host-record=a.test,10.0.0.21,2001:db8::21',
    '--host-record=b.test,10.0.0.22',
    '--host-record=far.test,10.0.0.23',
  ]);
  t.deepEqual(await followed.backends(), ['10.0.0.21:8081', '10.0.0.22:8082', '2001:db8::21:8081']);
});

test('where no target of the lowest priority has an address, the next priority is used', async (t) => {
  const followed = await found(t, SRV, [
    '--srv-host=_http._tcp.test,gone.test,80,10,1',
    '--srv-host=_http._tcp.test,far.test,80,20,1',
    '--host-record=far.test,10.0.0.23',
  ]);
  t.deepEqual(await followed.backends(), ['10.0.0.23:80']);
  t.is(await followed.trouble(), 'gone.test, a target of _http._tcp.test, has no address');
});

test('a name is asked for again when the smallest TTL is over, and not before', async (t) => {
  const server = await DnsServer.open(t, ['--cname=web.test,host.test,1', '--host-record=host.test,10.0.0.21,3600']);
  let asked = 0;
  const askedAgain = new Promise<number>((resolve) => {
    server.onLine((line) => {
      if (line.includes('query[A] web.test') && ++asked === 2) resolve(performance.now());
    });
  });
  // Lines are read late on a slow machine: the second one later than it was asked, and nothing was asked before this.
  const begunAt = performance.now();
  const followed = new Followed(t, discovery(NAME, [server.endpoint]));
  t.deepEqual(await followed.backends(), ['10.0.0.21']);
  const secondAt = await askedAgain;
  t.log(`${(secondAt - begunAt).toFixed(0)} ms`);
  // Far from the hour of the other record.
  t.true(secondAt - begunAt > 900 && secondAt - begunAt < 60_000);
});

test('an answer that does not fit a datagram comes over TCP', async (t) => {
  const addresses = Array.from({ length: 100 }, (_, i) => `10.0.1.${i + 1}`);
  const followed = await found(t, NAME, [
    '--edns-packet-max=512',
    ...addresses.map((address) => `--host-record=web.test,${address}`),
  ]);
  t.deepEqual([...(await followed.backends())].sort(), [...addresses].sort());
});

test('a resolver that refuses, and one that is not there, leave it to the next', async (t) => {
  const absent = await DnsServer.open(t);
  const refusing = await DnsServer.open(t, []);
  const knowing = await DnsServer.open(t, ['--local=/example/', '--host-record=web.example,10.0.0.21']);
  const name = { ...NAME, name: 'web.example' };
  const followed = new Followed(
    t,
    discovery(
      name,
      [absent, refusing, knowing].map(({ endpoint }) => endpoint),
    ),
  );
  t.deepEqual(await followed.backends(), ['10.0.0.21']);
});

test('when no resolver answers, the trouble says what each of them did', async (t) => {
  const absent = await DnsServer.open(t);
  const refusing = await DnsServer.open(t, []);
  const resolvers = [absent.endpoint, refusing.endpoint];
  const followed = new Followed(t, discovery({ ...NAME, name: 'web.example' }, resolvers));
  const [first, second] = resolvers.map(({ host, port }) => `${host}:${port}`);
  t.regex(
    await followed.trouble(),
    new RegExp(`^no answer to web.example A+: ${first}: .*ECONNREFUSED.*; ${second} answers REFUSED$`),
  );
});

test('backends outlive a name that is gone for keepNegative, and no longer', async (t) => {
  const server = await DnsServer.open(t, ['--host-record=web.test,10.0.0.21']);
  const followed = new Followed(t, discovery(NAME, [server.endpoint], { maxTtlMs: 100, keepNegativeMs: 5000 }));
  t.deepEqual(await followed.backends(), ['10.0.0.21']);
  await server.restart([]);
  for (let trouble = ''; !trouble.startsWith('no records'); ) trouble = await followed.trouble();
  const goneAt = performance.now();
  t.deepEqual(await followed.backends(), []);
  // It may have been told of the trouble late.
  t.true(performance.now() - goneAt > 400);
});

test('a datagram with another id, and one that is no answer, are passed over', async (t) => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  server.on('message', (message, { port, address }) => {
    const { id = 0, questions = [] } = decode(message);
    const answer = (as: number, data: string) =>
      encode({
        type: 'response',
        id: as,
        questions,
        answers: [{ type: 'A', name: 'web.test', ttl: 60, data }],
      });
    const forged = [answer((id + 1) % 65_536, '10.6.6.6'), Buffer.from('nonsense'), message];
    for (const datagram of [...forged, answer(id, '10.0.0.21')]) server.send(datagram, port, address);
  });
  const config = { records: NAME, resolvers: [{ host: '127.0.0.1', port: server.address().port }] };
  const source = new DnsDiscovery(
    {
      kind: 'dns',
      ...config,
      timeoutMs: 20_000,
      minTtlMs: 50,
      maxTtlMs: 60_000,
      keepNegativeMs: 1,
      keepFailedMs: 1,
    },
    ['A'],
  );
  t.deepEqual(await new Followed(t, source).backends(), ['10.0.0.21']);
});
