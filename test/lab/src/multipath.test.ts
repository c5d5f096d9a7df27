import { CheckedConnections, startCheckedServer } from './checked-connections.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { tcpRetransmissions } from './tcp-retransmissions.js';
import type { Topology } from './topology.js';
import { waitUntil } from './wait-until.js';

const CONNECTIONS = 30;
const vip = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' } as const;

const server = {
  loopbackAddresses: [`${vip.ipv4}/32`, `${vip.ipv6}/128`],
  routes: [
    { to: '0.0.0.0/0', via: ['10.9.0.1'] },
    { to: '::/0', via: ['fd00:9::1'] },
  ],
};

/** A client behind a router that has two equal routes to each address. */
const twoWays: Topology = {
  name: 'two-ways',
  hosts: {
    client: {
      routes: [
        { to: '0.0.0.0/0', via: ['10.8.0.1'] },
        { to: '::/0', via: ['fd00:8::1'] },
      ],
    },
    router: {
      forwarding: true,
      routes: [
        { to: `${vip.ipv4}/32`, via: ['10.9.0.11', '10.9.0.12'] },
        { to: `${vip.ipv6}/128`, via: ['fd00:9::11', 'fd00:9::12'] },
      ],
    },
    server1: server,
    server2: server,
  },
  switches: { lan: {} },
  links: [
    {
      from: { host: 'client', addresses: ['10.8.0.2/24', 'fd00:8::2/64'] },
      to: { host: 'router', interface: 'wan', addresses: ['10.8.0.1/24', 'fd00:8::1/64'] },
    },
    { from: { host: 'router', interface: 'lan', addresses: ['10.9.0.1/24', 'fd00:9::1/64'] }, to: { switch: 'lan' } },
    { from: { host: 'server1', addresses: ['10.9.0.11/24', 'fd00:9::11/64'] }, to: { switch: 'lan' } },
    { from: { host: 'server2', addresses: ['10.9.0.12/24', 'fd00:9::12/64'] }, to: { switch: 'lan' } },
  ],
};

for (const family of ['ipv4', 'ipv6'] as const) {
  testAsRoot(`a connection over ${family} keeps its next hop also when it has to send again`, async (t) => {
    await using lab = await Lab.start(twoWays);
    for (const name of ['server1', 'server2']) await startCheckedServer(lab.host(name));
    const client = lab.host('client');
    await using connections = await CheckedConnections.open(client, { address: vip[family], count: CONNECTIONS });
    t.deepEqual(Object.keys(connections.backends).sort(), ['server1', 'server2']);
    const forward = (value: 0 | 1) =>
      lab
        .host('router')
        .output('sysctl', ['-w', `net.ipv4.ip_forward=${value}`, `net.ipv6.conf.all.forwarding=${value}`]);
    await forward(0);
    // The kernel chooses another hash for a socket each time that nobody has answered for long.
    await waitUntil(
      'segments to be sent again',
      async () => (await tcpRetransmissions(client)) > 4 * CONNECTIONS || undefined,
    );
    await forward(1);
    // What was sent again waits twice as long each time.
    await connections.roundTrip({ timeoutMs: 60_000 });
    t.deepEqual(connections.lost, []);
  });
}
