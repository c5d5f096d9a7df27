import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { probe } from './probe.js';

const tls = { verify: true, ca: '/nowhere/ca.pem' };
const probes = {
  https: { kind: 'http', path: '/', method: 'GET', status: [[200, 200]], tls },
  grpc: { kind: 'grpc', service: '', tls },
} as const;
for (const [name, asked] of Object.entries(probes)) {
  test(`${name}: a CA file that is not there is an answer that is not well, and leaves no socket behind`, async (t) => {
    // Nothing listens on port 1: a socket that was left would end the process with its refusal.
    const target = { address: '127.0.0.1', port: 1 };
    const result = await probe(asked, target, 1000, new AbortController().signal);
    t.like(result, { isWell: false });
    t.regex(result.reason, /nowhere\/ca\.pem/);
    await wait(50);
  });
}
