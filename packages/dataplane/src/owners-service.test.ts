import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import test from 'ava';
import type { ForwardingService, ForwardingTables } from './dataplane.js';
import type { Owners } from './owners.js';
import { answerersOf, checkOwners } from './owners-service.js';

const owners: Owners = {
  port: 19_523,
  nodes: ['10.0.0.11', '10.0.0.12'],
  self: 0,
  hashKey: new Uint8Array(16),
  choices: 2,
  rows: Array.from({ length: CHOICE_ROWS * 2 }, (_, i) => i % 2),
};
const tables = (services: readonly ForwardingService[] = []): ForwardingTables => ({
  services,
  sources: { ipv4: '10.0.0.11' },
  hashSeed: 1n,
});

for (const [change, problem] of [
  [{ port: 0 }, 'owners: port 0 is not between 1 and 65535'],
  [{ self: 2 }, 'owners: this node is number 2 of 2'],
  [{ self: 1 }, 'owners: this node is 10.0.0.12 to the others, but its tunnels come from 10.0.0.11'],
  [{ nodes: ['fd00::11'], self: 0 }, 'owners: this node is fd00::11 to the others, but its tunnels come from nowhere'],
  [{ nodes: ['n1', '10.0.0.12'] }, 'owners: "n1" is not an IP address'],
  [{ rows: [0, 1] }, 'owners: 65536 rows of 2 choices are 131072 entries, not 2'],
  [{ rows: new Array(CHOICE_ROWS * 2).fill(NO_CHOICE) }, 'owners: row 0 has no owner'],
  [{ nodes: Array.from({ length: 1025 }, () => '10.0.0.11') }, 'owners: 1025 nodes are more than 1024'],
] satisfies [Partial<Owners>, string][]) {
  test(`what can't be is refused: ${problem}`, (t) => {
    t.throws(() => checkOwners({ ...owners, ...change }, tables()), { code: 'TABLES_INVALID', message: problem });
  });
}

test('owners that can be are taken', (t) => {
  t.notThrows(() => checkOwners(owners, tables()));
});

test('answers of nat come from the port that its packets go to; other methods have none', (t) => {
  const service = (change: Partial<ForwardingService>): ForwardingService => ({
    listeners: [{ vip: '198.51.100.1', protocol: 'tcp', port: 80 }],
    forwarding: { method: 'nat' },
    scheduling: { pick: 'next' },
    backends: [{ address: '10.0.0.21' }],
    rows: [0],
    ...change,
  });
  const ranged = { vip: '198.51.100.2', protocol: 'udp', port: { first: 1, last: 9 } } as const;
  t.deepEqual(
    answerersOf(
      tables([
        service({}),
        service({ listeners: [ranged], backends: [{ address: 'FD00::22' }] }),
        service({ backends: [{ address: '10.0.0.23', port: 8080 }] }),
        service({ forwarding: { method: 'fullnat', toa: false } }),
      ]),
    ),
    [
      { address: '10.0.0.21', protocol: 'tcp', port: 80 },
      { address: 'fd00::22', protocol: 'udp', port: 0 },
      { address: '10.0.0.23', protocol: 'tcp', port: 8080 },
    ],
  );
});
