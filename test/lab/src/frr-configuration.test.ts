import { readFile } from 'node:fs/promises';
import test from 'ava';
import { frrConfiguration, type RouterOptions } from './frr-configuration.js';

const golden = test.macro(async (t, file: string, options: RouterOptions) => {
  const expected = await readFile(new URL(`../test-data/${file}`, import.meta.url), 'utf8');
  t.is(frrConfiguration('router', options), expected);
});

test('two named neighbours are configured as in frr-neighbors.conf', golden, 'frr-neighbors.conf', {
  asn: 65000,
  routerId: '10.0.0.1',
  neighbors: [
    { address: '10.0.0.11', remoteAs: 65001 },
    { address: 'fd00:10::12', remoteAs: 65001, password: 'secret' },
  ],
});
test('a range of neighbours is configured as in frr-listen-range.conf', golden, 'frr-listen-range.conf', {
  asn: 65000,
  routerId: '10.0.0.1',
  listenRanges: [{ prefix: '10.0.0.0/24', remoteAs: 65001 }],
  holdSeconds: 9,
  keepaliveSeconds: 3,
  gracefulRestart: true,
  extraLines: ['bgp log-neighbor-changes'],
});
