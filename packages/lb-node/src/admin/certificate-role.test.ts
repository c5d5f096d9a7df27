import test from 'ava';
import { namesOf, roleOf } from './certificate-role.js';

const names = (commonName: string, alternatives = '') =>
  namesOf({ subject: { CN: commonName } as never, subjectaltname: alternatives });

test('the first entry that matches gives the role', (t) => {
  const roles = [
    { of: 'subject', pattern: 'weir-*', role: 'operator' },
    { of: 'subject', pattern: 'weir-admin', role: 'admin' },
  ] as const;

  t.is(roleOf(names('weir-admin'), roles), 'operator');
  t.is(roleOf(names('other'), roles), undefined);
});

test('a pattern holds for the whole name, and * not over dots, slashes and @', (t) => {
  const roles = [{ of: 'san', pattern: 'DNS:*.ops.example', role: 'viewer' }] as const;

  t.is(roleOf(names('x', 'DNS:a.ops.example'), roles), 'viewer');
  t.is(roleOf(names('x', 'DNS:b.a.ops.example'), roles), undefined);
  t.is(roleOf(names('x', 'DNS:a.ops.example.evil'), roles), undefined);
  t.is(roleOf(names('x', 'DNS:a-opsXexample'), roles), undefined);
});

test('a common name is no alternative name, and the other way round', (t) => {
  t.is(roleOf(names('alice'), [{ of: 'san', pattern: '*alice', role: 'admin' }]), undefined);
  t.is(
    roleOf(names('bob', 'email:alice@example'), [{ of: 'subject', pattern: 'alice@example', role: 'admin' }]),
    undefined,
  );
});

test('a quoted alternative name is one name, whatever it has in it', (t) => {
  t.deepEqual(names('x', 'URI:"http://a, DNS:admin.example", DNS:b, IP Address:10.0.0.1').alternativeNames, [
    'URI:http://a, DNS:admin.example',
    'DNS:b',
    'IP Address:10.0.0.1',
  ]);
});

test('a certificate without names has no role', (t) => {
  t.is(roleOf(namesOf({ subject: undefined as never }), [{ of: 'subject', pattern: '*', role: 'admin' }]), undefined);
});
