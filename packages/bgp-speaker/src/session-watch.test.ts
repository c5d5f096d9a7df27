import { completePeer, type SessionState } from '@weir/gobgp-client';
import test from 'ava';
import { SessionWatch } from './session-watch.js';
import { parseSignatureFailures } from './signature-failures.js';

const none = { missing: 0, unexpected: 0, wrong: 0 };

/** A watch over 10.0.0.1, the lines that it logs, and what it is told. */
function start({ password, reason }: { password?: string; reason?: string } = {}) {
  const lines: string[] = [];
  const world = { nowMs: 0, failures: none };
  const log = (_: object, line: string) => lines.push(line);
  const watch = new SessionWatch({
    peers: [completePeer({ address: '10.0.0.1', asn: 64500, ...(password === undefined ? {} : { password }) })],
    asn: 64512,
    logger: { info: log, warn: log, error: log },
    now: () => world.nowMs,
    reasonOf: () => reason,
    signatureFailures: () => world.failures,
  });
  const sees = (...states: readonly SessionState[]) => {
    for (const state of states) watch.saw({ address: '10.0.0.1', state });
  };
  const later = (ms: number) => {
    world.nowMs += ms;
    watch.check();
  };
  return { lines, world, watch, sees, later };
}

test('a session that comes and goes is told with its states and the reason', (t) => {
  const { lines, sees } = start({ reason: 'the connection broke' });
  sees('active', 'opensent', 'openconfirm', 'established', 'established', 'idle');
  t.deepEqual(lines, [
    'BGP session with 10.0.0.1 is established',
    'BGP session with 10.0.0.1 is down (established to idle): the connection broke',
  ]);
});

test('a session that a router refuses again and again is told once, with what to look for', (t) => {
  const { lines, sees } = start();
  sees('active', 'opensent', 'idle', 'active', 'opensent', 'idle');
  t.deepEqual(lines, [
    'BGP session with 10.0.0.1 does not come up (opensent to idle): it takes the connection, but not the session; has it this node as neighbour, with AS number 64512?',
  ]);
});

test('a session that nobody answers is told after 15 s, once', (t) => {
  const { lines, sees, later } = start();
  sees('active');
  later(14_999);
  t.deepEqual(lines, []);
  later(1);
  later(60_000);
  t.deepEqual(lines, ['BGP session with 10.0.0.1 is not up after 15 s (active): no answer from port 179']);
});

for (const [title, password, failures, reason] of [
  [
    'another password',
    'secret',
    { ...none, wrong: 3 },
    'the kernel drops TCP segments with a wrong MD5 signature; the router has another password',
  ],
  [
    'no password',
    'secret',
    { ...none, missing: 3 },
    'the kernel drops TCP segments without MD5 signature; the router has no password',
  ],
  [
    'a password that this node does not have',
    undefined,
    { ...none, unexpected: 3 },
    'the kernel drops TCP segments with an MD5 signature, and this peer has no password here; the router has one',
  ],
  [
    'perhaps another password',
    'secret',
    none,
    'no answer from port 179; a router that has another password drops calls without a word',
  ],
] as const) {
  test(`a router with ${title} is told by what the kernel drops`, (t) => {
    const { lines, world, sees, later } = start(password === undefined ? {} : { password });
    sees('active');
    world.failures = failures;
    later(15_000);
    t.deepEqual(lines, [`BGP session with 10.0.0.1 is not up after 15 s (active): ${reason}`]);
  });
}

test('peers that somebody else gave to gobgpd are not watched', (t) => {
  const { lines, watch } = start();
  watch.saw({ address: '10.0.0.9', state: 'established' });
  t.deepEqual(lines, []);
});

test('counters of signatures are found by their names', (t) => {
  const netstat = `TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure
TcpExt: 7 1 2 3
IpExt: InNoRoutes
IpExt: 9
`;
  t.deepEqual(parseSignatureFailures(netstat), { missing: 1, unexpected: 2, wrong: 3 });
  t.deepEqual(parseSignatureFailures(''), none);
});
