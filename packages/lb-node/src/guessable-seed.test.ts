import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { warningOfSeed } from './guessable-seed.js';

const redis = '{ store: redis, redis: { addresses: ["10.0.0.5:6379"] } }';

function warningFor(dataplane: string, state?: string): string | undefined {
  return warningOfSeed(
    parseNodeConfig(
      `node: { interfaces: [eth0], address: 10.0.0.11 }
dataplane: ${dataplane}
${state === undefined ? '' : `state: ${state}`}
services: []
`,
      'weir.yaml',
    ),
  );
}

test('flows in Redis under ids that everybody can make are warned of, with the field and how to choose it', (t) => {
  for (const dataplane of ['{}', '{ hashSeed: 0 }', '{ hashSeed: "0x0" }']) {
    t.regex(warningFor(dataplane, redis) ?? '', /^dataplane\.hashSeed is 0, .*; set it to .*"openssl rand -hex 8"/);
  }
});

test('a seed of its own is enough, also one from the command of the warning', (t) => {
  t.is(warningFor('{ hashSeed: 1 }', redis), undefined);
  t.is(warningFor('{ hashSeed: "0x8f3a5c1e9b7d2046" }', redis), undefined);
});

test('nodes that tell nobody need no secret', (t) => {
  t.is(warningFor('{}', '{ store: memory }'), undefined);
  t.is(warningFor('{}'), undefined);
});
