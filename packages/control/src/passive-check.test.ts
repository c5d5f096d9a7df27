import test from 'ava';
import { parseNodeConfig } from './parse-node-config.js';

const parse = (keys: string) =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: web, vip: 198.51.100.10, port: 80, ${keys}, backends: [ { address: 10.0.0.21 } ] } ]`,
    'weir.yaml',
  ).services[0]?.passiveCheck;

test('nobody is watched by default', (t) => {
  t.is(parse('method: ipip'), undefined);
  t.is(parse('passiveCheck: off'), undefined);
});

test('an empty check has defaults, and times become milliseconds, shares fractions', (t) => {
  t.deepEqual(parse('passiveCheck: {}'), {
    attempts: 10,
    failures: 0.5,
    withinMs: 10_000,
    ejectForMs: 30_000,
    maxEjectForMs: 300_000,
    maxEjected: 0.5,
  });
  t.like(parse('passiveCheck: { failures: 80%, within: 5s, ejectFor: 1m, maxEjected: 10% }'), {
    failures: 0.8,
    withinMs: 5000,
    ejectForMs: 60_000,
    maxEjected: 0.1,
  });
});

const wrong: readonly (readonly [keys: string, message: RegExp])[] = [
  ['protocol: udp, passiveCheck: {}', /passiveCheck: .*has no meaning without a listener of protocol tcp/],
  ['passiveCheck: { ejectFor: 10m }', /passiveCheck\.maxEjectFor: .*is shorter than ejectFor, 600000 ms/],
  ['passiveCheck: { failures: 0% }', /passiveCheck\.failures: .*is not between 1% and 100%/],
  ['passiveCheck: { failures: 0.5 }', /passiveCheck\.failures: /],
  ['passiveCheck: { within: 100ms }', /passiveCheck\.within: .*is less than 1s/],
  ['passiveCheck: { attempts: 0 }', /passiveCheck\.attempts: /],
];
for (const [keys, message] of wrong) {
  test(`{ ${keys} } is refused`, (t) => {
    t.throws(() => parse(keys), { message });
  });
}

test('minHealthy counts those that passiveCheck leaves out, too', (t) => {
  t.notThrows(() => parse('passiveCheck: {}, minHealthy: 1'));
});
