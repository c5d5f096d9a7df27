import { readFileSync, writeFileSync } from 'node:fs';
import { completePeer } from '@weir/gobgp-client';
import test from 'ava';
import { type GobgpdSettings, gobgpdConfiguration, hasSameIdentity } from './gobgpd-configuration.js';

const bare: GobgpdSettings = { asn: 64512, routerId: '10.0.0.11', listenPort: -1, peers: [] };

/** One golden file per situation, named after it. WEIR_UPDATE_GOLDEN=1 writes them anew. */
const situations: Readonly<Record<string, GobgpdSettings>> = {
  'no-peers': bare,
  'one-ebgp-peer': { ...bare, peers: [completePeer({ address: '10.0.0.1', asn: 65000 })] },
  'ipv6-peer-with-graceful-restart': {
    ...bare,
    peers: [completePeer({ address: 'fd00::1', asn: 65000, gracefulRestartMs: 120_000 })],
    gracefulRestartMs: 120_000,
  },
  'peer-with-every-setting': {
    ...bare,
    listenPort: 179,
    peers: [
      completePeer({
        address: '192.0.2.1',
        asn: 4_200_000_000,
        port: 1790,
        holdTimeMs: 9_000,
        keepaliveMs: 3_000,
        connectRetryMs: 5_000,
        password: 'a "quoted" \\ one',
        multihopTtl: 3,
        localAddress: '10.0.0.11',
        passive: true,
      }),
    ],
  },
};

for (const [situation, settings] of Object.entries(situations)) {
  test(`the configuration for ${situation.replaceAll('-', ' ')} is that of its golden file`, (t) => {
    const golden = new URL(`../golden/${situation}.json`, import.meta.url);
    if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(golden, gobgpdConfiguration(settings));
    t.is(gobgpdConfiguration(settings), readFileSync(golden, 'utf8'));
  });
}

test('peers are no part of the identity, all that is global is', (t) => {
  const one = gobgpdConfiguration({ ...bare, peers: [completePeer({ address: '10.0.0.1', asn: 65000 })] });
  t.true(hasSameIdentity(one, gobgpdConfiguration(bare)));
  for (const change of [{ asn: 64513 }, { routerId: '10.0.0.12' }, { listenPort: 179 }, { gracefulRestartMs: 1000 }]) {
    t.false(hasSameIdentity(one, gobgpdConfiguration({ ...bare, ...change })));
  }
  t.false(hasSameIdentity('{"global": {"con', one));
});
