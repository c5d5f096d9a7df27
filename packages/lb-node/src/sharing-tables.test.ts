import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { sharingTablesOf } from './sharing-tables.js';

const configOf = (state: string, members = '') =>
  parseNodeConfig(
    `node: { interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.0.111] }\n${members}\n${state}\nservices: []\n`,
    'weir.yaml',
  );
const memory = 'state: { store: memory, tellAfter: 5s, takeoversPerSecond: 100 }';

test('without state the data plane tells nobody, whatever the moment says', (t) => {
  t.deepEqual(sharingTablesOf(configOf(''), { datagrams: true, localPorts: { first: 1024, last: 2047 } }), {});
});

test('with state it knows the local addresses of all nodes, each once, and what is so at the moment', (t) => {
  const members =
    'nodes: { members: [ { name: n1, address: 10.0.0.11 }, { name: n2, address: 10.0.0.12, localAddresses: ["fd00::112"] } ] }';
  const localPorts = { first: 1024, last: 33_279 };
  t.deepEqual(sharingTablesOf(configOf(memory, members), { datagrams: true, localPorts }), {
    sharing: {
      tellAfterMs: 5000,
      takeoversPerSecond: 100,
      datagrams: true,
      localAddresses: ['10.0.0.111', 'fd00::112'],
    },
    localPorts,
  });
});

test('a node without others has its own local addresses, and all ports', (t) => {
  t.deepEqual(sharingTablesOf(configOf(memory), { datagrams: false }), {
    sharing: { tellAfterMs: 5000, takeoversPerSecond: 100, datagrams: false, localAddresses: ['10.0.0.111'] },
  });
});
