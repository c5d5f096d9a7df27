import { type NodeRecord, parseNodeConfig } from '@weir/control';
import test from 'ava';
import { identityFinding, takenIdentity } from './node-identity.js';

const config = parseNodeConfig(
  'node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }\nservices: []',
  'weir.yaml',
);

function record(name: string, ...addresses: string[]): NodeRecord {
  return { name, addresses, instance: 'a', state: 'active', version: '1', announces: [] };
}

test("a node's own record, of this life or a former one, takes nothing from it", (t) => {
  t.is(takenIdentity(config, [record('lb1', '10.0.0.11'), record('lb2', '10.0.0.12')]), undefined);
});

test('a record of the same name with other addresses is another node', (t) => {
  t.regex(
    takenIdentity(config, [record('lb1', '10.0.0.12')])?.found ?? '',
    /registered as lb1, with 10\.0\.0\.12; this one has 10\.0\.0\.11/,
  );
});

test('a record of another name with the same address is another node', (t) => {
  t.regex(
    takenIdentity(config, [record('lb2', '10.0.0.11')])?.found ?? '',
    /node lb2, .* has the address 10\.0\.0\.11 too/,
  );
});

test('a record that tells no address says nothing of who it is', (t) => {
  t.is(takenIdentity(config, [record('lb1')]), undefined);
});

test('of a namesake, where one of the two tells no address, nothing is said', (t) => {
  t.is(identityFinding(config, [record('lb1')]).verdict, 'skipped');
  const silent = parseNodeConfig('node: { name: lb1, interfaces: [eth0] }\nservices: []', 'weir.yaml');
  t.is(identityFinding(silent, [record('lb1', '10.0.0.12')]).verdict, 'skipped');
  t.is(identityFinding(silent, [record('lb2', '10.0.0.12')]).verdict, 'ok');
  t.is(identityFinding(config, [record('lb1', '10.0.0.11')]).verdict, 'ok');
});
