import test from 'ava';
import { parseGlbConfig } from './glb-config.js';
import type { GlbProblem } from './glb-error.js';
import { membersOfGlb } from './glb-table.js';

const key = '12345678901234561234567890123456';
const seed = '34567890123456783456789012345678';
const table = { hash_key: key, seed, binds: [], backends: [] };
const textOf = (...tables: readonly object[]): string => JSON.stringify({ tables });

test("the example of GLB's documentation is read, keys, binds and backends", (t) => {
  const [read] = parseGlbConfig(
    textOf({
      name: 'example1',
      hash_key: key,
      seed,
      binds: [
        { ip: '10.10.10.10', proto: 'tcp', port: 80 },
        { ip: 'fdb4:98ce:52d4::42', proto: 'tcp', port: 80 },
        { ip: '198.51.100.0/24', proto: 'udp', port_start: 4000, port_end: 4009 },
      ],
      backends: [
        { ip: '192.168.50.10', state: 'active', healthchecks: { http: 80, gue: 19523 } },
        { ip: '192.168.50.11', state: 'draining', healthy: false },
      ],
    }),
  );
  const port80 = { protocol: 'tcp', firstPort: 80, lastPort: 80 } as const;
  t.deepEqual(read, {
    name: 'example1',
    hashKey: Uint8Array.from(Buffer.from(key, 'hex')),
    seed: Uint8Array.from(Buffer.from(seed, 'hex')),
    binds: [
      { address: '10.10.10.10', prefixBits: 32, ...port80 },
      { address: 'fdb4:98ce:52d4::42', prefixBits: 128, ...port80 },
      { address: '198.51.100.0', prefixBits: 24, protocol: 'udp', firstPort: 4000, lastPort: 4009 },
    ],
    backends: [
      { address: '192.168.50.10', state: 'active', healthy: true },
      { address: '192.168.50.11', state: 'draining', healthy: false },
    ],
  });
});

test('backends become members that are called as their addresses', (t) => {
  const backends = [{ address: '10.3.0.1', state: 'filling', healthy: false }] as const;
  t.deepEqual(membersOfGlb({ backends }), [{ id: '10.3.0.1', address: '10.3.0.1', state: 'filling', healthy: false }]);
});

const bind = { ip: '10.0.0.1', proto: 'tcp', port: 80 };
const backend = { ip: '10.3.0.1', state: 'active', healthy: true };
for (const [what, text, expected] of [
  ['text that is no JSON', '{', /^is not JSON: /],
  ['no tables', '{}', 'tables: is missing: it has to be a list'],
  ['a list', '[]', 'a list is not an object'],
  ['a key that GLB does not have', textOf({ ...table, sead: 1 }), 'tables[0].sead: is not a key that GLB has here'],
  [
    'a short hash key',
    textOf({ ...table, hash_key: 'abc' }),
    'tables[0].hash_key: its value of 3 characters is not 32 hexadecimal digits',
  ],
  ['no seed', textOf({ ...table, seed: undefined }), 'tables[0].seed: is missing: it has to be text'],
  [
    'an address that is none',
    textOf({ ...table, backends: [{ ...backend, ip: '10.3.0.300' }] }),
    'tables[0].backends[0].ip: "10.3.0.300" is not an IP address',
  ],
  [
    'a state that GLB does not have',
    textOf({ ...table, backends: [{ ...backend, state: 'gone' }] }),
    'tables[0].backends[0].state: "gone" is not one of filling, active, draining, inactive',
  ],
  [
    'health that is a number',
    textOf({ ...table, backends: [{ ...backend, healthy: 1 }] }),
    'tables[0].backends[0].healthy: 1 is not true or false',
  ],
  [
    'a backend twice',
    textOf({
      ...table,
      backends: [
        { ...backend, ip: 'fd00::1' },
        { ...backend, ip: 'fd00:0::1' },
      ],
    }),
    'tables[0].backends[1].ip: "fd00:0::1" is a backend twice',
  ],
  [
    'a prefix that is too long',
    textOf({ ...table, binds: [{ ...bind, ip: '10.0.0.1/33' }] }),
    'tables[0].binds[0].ip: "10.0.0.1/33" is not an IP address, nor a network such as 198.51.100.0/24',
  ],
  [
    'a port beyond the last',
    textOf({ ...table, binds: [{ ...bind, port: 65_536 }] }),
    'tables[0].binds[0].port: 65536 is more than 65535',
  ],
  [
    'half a range of ports',
    textOf({ ...table, binds: [{ ip: '10.0.0.1', proto: 'tcp', port_start: 80 }] }),
    'tables[0].binds[0]: it needs either port, or port_start and port_end, the end not before the start',
  ],
  [
    'a range that ends before it starts',
    textOf({ ...table, binds: [{ ip: '10.0.0.1', proto: 'tcp', port_start: 80, port_end: 79 }] }),
    /^tables\[0\]\.binds\[0\]: it needs either/,
  ],
  [
    'a protocol that GLB does not forward',
    textOf(table, { ...table, binds: [{ ...bind, proto: 'sctp' }] }),
    'tables[1].binds[0].proto: "sctp" is not one of tcp, udp',
  ],
] as const) {
  test(`${what} is refused, with its place and its value`, (t) => {
    const error = t.throws(() => parseGlbConfig(text), { code: 'GLB_CONFIG_INVALID' });
    if (typeof expected === 'string') t.is(error.message, expected);
    else t.regex(error.message, expected);
  });
}

test('all problems are told at once, and no secret is', (t) => {
  const bad = { ...table, seed: 'secret-seed', binds: [{ ...bind, port: -1 }], backends: [{ ...backend, state: 1 }] };
  const error = t.throws(() => parseGlbConfig(textOf(bad)), { code: 'GLB_CONFIG_INVALID' });
  const { details } = error as unknown as { details: { problems: readonly GlbProblem[] } };
  t.deepEqual(
    details.problems.map(({ path }) => path),
    ['tables[0].seed', 'tables[0].binds[0].port', 'tables[0].backends[0].state'],
  );
  t.notRegex(JSON.stringify([error.message, details]), /secret/);
});
