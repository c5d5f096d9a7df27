import test from 'ava';
import { figures } from '../test-support/figures.js';
import { troublesOf } from './troubles.js';

const well = {
  ...figures.node,
  speaker: undefined,
  sharing: undefined,
  overrides: new Map(),
  health: { backends: [] },
};

test('a node where all is well has no troubles', (t) => {
  t.deepEqual(troublesOf(well, undefined, undefined), []);
});

test('a session that is down, a VIP that is silent or forced, and a skipped key are told, each with its reason', (t) => {
  const { speaker } = figures.node;
  const silence = ['2001:db8::10: an operator turned it off'];
  const overrides = new Map([['198.51.100.10', 'on']] as const);

  t.deepEqual(troublesOf({ ...well, speaker, silence, overrides }, figures.etcd, 'node.name can not change'), [
    'the changed configuration is not in force: node.name can not change',
    'the BGP session with 10.0.0.2 is not established',
    '2001:db8::10: an operator turned it off',
    '198.51.100.10 is announced whatever its health, as an operator wants it',
    'etcd: services/x is skipped: wrong',
  ]);
});

test('of many backends that are down the first are listed, the others counted', (t) => {
  const down = {
    service: 'web',
    verdict: 'down',
    reason: 'connection refused',
    sinceMs: 0,
    isHeld: false,
    goodProbes: 0,
    badProbes: 1,
    changes: 1,
  } as const;
  const backends = Array.from({ length: 25 }, (_, i) => ({ ...down, backend: `web${i}` }));
  const troubles = troublesOf({ ...well, health: { backends } }, undefined, undefined);

  t.is(troubles.length, 21);
  t.is(troubles[0], 'backend web0 of web is down: connection refused');
  t.is(troubles[20], '5 more backends are down');
});
