import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import type { Probe } from './health-check.js';
import { probeOnce } from './test-support/probe-once.js';

const http = { kind: 'http', method: 'GET', status: [[200, 200]] } as const;
const probes: Readonly<Record<string, Probe>> = {
  'a path beyond Latin-1': { ...http, path: '/\u0142' },
  'a path with a control character': { ...http, path: '/\n' },
  'a server name that is no host': {
    kind: 'grpc',
    service: '',
    tls: { verify: false, serverName: 'a b/c' },
  },
};
for (const [name, probe] of Object.entries(probes)) {
  test(`${name} is an answer that is not well, and leaves no socket behind`, async (t) => {
    // Nothing listens on port 1: a socket that was left would end the process with its refusal.
    const found = await probeOnce(probe, { address: '127.0.0.1', port: 1 });
    t.false(found.isWell);
    t.regex(found.reason, /unescaped characters|Invalid URL/);
    await wait(50);
  });
}
