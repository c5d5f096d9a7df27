import test from 'ava';
import { checkSharing } from './check-sharing.js';
import { DataplaneError } from './dataplane-error.js';
import type { Sharing } from './flow-sharing.js';

const sharing: Sharing = { tellAfterMs: 3000, takeoversPerSecond: 50_000, datagrams: false, localAddresses: [] };

test('the ends of all ranges are taken', (t) => {
  t.notThrows(() => checkSharing({}));
  t.notThrows(() => checkSharing({ sharing }));
  t.notThrows(() => checkSharing({ sharing: { ...sharing, tellAfterMs: 0, takeoversPerSecond: 0 } }));
  t.notThrows(() => checkSharing({ sharing: { ...sharing, tellAfterMs: 300_000, localAddresses: ['fd00::1'] } }));
  t.notThrows(() => checkSharing({ localPorts: { first: 1024, last: 65_535 } }));
  t.notThrows(() => checkSharing({ localPorts: { first: 2000, last: 2000 } }));
});

const wrong: readonly (readonly [string, Parameters<typeof checkSharing>[0], RegExp])[] = [
  ['a time before the flow began', { sharing: { ...sharing, tellAfterMs: -1 } }, /tellAfterMs -1/],
  ['a time that is no number', { sharing: { ...sharing, tellAfterMs: Number.NaN } }, /tellAfterMs NaN/],
  ['more than a flow can be due ahead', { sharing: { ...sharing, tellAfterMs: 300_001 } }, /tellAfterMs 300001/],
  ['a rate below 0', { sharing: { ...sharing, takeoversPerSecond: -1 } }, /takeoversPerSecond -1/],
  ['half a packet', { sharing: { ...sharing, takeoversPerSecond: 0.5 } }, /takeoversPerSecond 0.5/],
  ['a name', { sharing: { ...sharing, localAddresses: ['10.0.0.1', 'node2'] } }, /localAddresses: "node2"/],
  ['ports that run backwards', { localPorts: { first: 2000, last: 1999 } }, /localPorts 2000 to 1999/],
  ['a well-known port', { localPorts: { first: 1023, last: 1999 } }, /localPorts 1023 to 1999/],
  ['a port beyond the last', { localPorts: { first: 1024, last: 65_536 } }, /localPorts 1024 to 65536/],
];
for (const [what, tables, message] of wrong) {
  test(`refused by name: ${what}`, (t) => {
    const error = t.throws(() => checkSharing(tables), { instanceOf: DataplaneError, message });
    t.is(error?.code, 'TABLES_INVALID');
  });
}
