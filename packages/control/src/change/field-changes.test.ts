import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { type FieldChange, fieldChanges } from './field-changes.js';

const changes = test.macro((t, before: unknown, after: unknown, expected: FieldChange[]) => {
  t.deepEqual(fieldChanges(before, after), expected);
});

test('two equal documents have no difference', changes, { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []);
test(
  'a field within a field is named by the way to it',
  changes,
  { healthCheck: { kind: 'tcp', interval: '2s' } },
  { healthCheck: { kind: 'tcp', interval: '5s' } },
  [{ path: 'healthCheck.interval', before: '2s', after: '5s' }],
);
test(
  'a backend is compared with its namesake, wherever that stands in the list',
  changes,
  { backends: [{ address: '10.0.0.1' }, { name: 'web2', address: '10.0.0.2', weight: 1 }] },
  { backends: [{ name: 'web2', address: '10.0.0.2', weight: 3 }, { address: '10.0.0.3' }] },
  [
    { path: 'backends[10.0.0.1]', before: { address: '10.0.0.1' }, after: undefined },
    { path: 'backends[web2].weight', before: 1, after: 3 },
    { path: 'backends[10.0.0.3]', before: undefined, after: { address: '10.0.0.3' } },
  ],
);
test(
  'a listener is told by its VIP, protocol and port',
  changes,
  { listeners: [{ vip: '2001:db8::1', port: 443 }] },
  {
    listeners: [
      { vip: '2001:db8::1', port: 443 },
      { vip: '2001:db8::1', protocol: 'udp', port: 443 },
    ],
  },
  [
    {
      path: 'listeners[2001:db8::1 udp 443]',
      before: undefined,
      after: { vip: '2001:db8::1', protocol: 'udp', port: 443 },
    },
  ],
);
test('a list of plain values changes as a whole', changes, { deny: ['a'] }, { deny: ['a', 'b'] }, [
  { path: 'deny', before: ['a'], after: ['a', 'b'] },
]);
test(
  'a list in which two entries have one name changes as a whole',
  changes,
  { backends: [{ name: 'a' }, { name: 'a' }] },
  { backends: [{ name: 'a' }] },
  [{ path: 'backends', before: [{ name: 'a' }, { name: 'a' }], after: [{ name: 'a' }] }],
);
test('a document that was not there is one change', changes, undefined, { vip: '198.51.100.1' }, [
  { path: '', before: undefined, after: { vip: '198.51.100.1' } },
]);
test(
  'a backend that is named as a field of every object is a backend',
  changes,
  { backends: [] },
  { backends: [{ name: '__proto__', weight: 1 }] },
  [{ path: 'backends[__proto__]', before: undefined, after: { name: '__proto__', weight: 1 } }],
);

test('documents are equal exactly where there is no change between them', (t) => {
  const field = fc.constantFrom('a', 'b', 'weight');
  const leaf = fc.oneof(fc.integer({ max: 3, min: 0 }), fc.constantFrom('x', 'y'), fc.boolean());
  const backend = fc.record({ name: fc.constantFrom('web1', 'web2'), weight: fc.integer({ min: 0, max: 2 }) });
  const document = fc.dictionary(field, fc.oneof(leaf, fc.dictionary(field, leaf)), { noNullPrototype: true });
  const whole = fc
    .tuple(document, fc.array(backend, { maxLength: 3 }))
    .map(([rest, backends]) => ({ ...rest, backends }));
  const law = fc.property(whole, whole, (before, after) => {
    const isSame = isDeepStrictEqual({ ...before, backends: named(before) }, { ...after, backends: named(after) });
    return isSame === (fieldChanges(before, after).length === 0);
  });
  t.notThrows(() => fc.assert(law));
});

/** Regardless of order, where names tell them apart. */
function named({ backends }: { readonly backends: readonly { readonly name: string }[] }): unknown {
  const names = new Map(backends.map((backend) => [backend.name, backend]));
  return names.size === backends.length ? [...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) : backends;
}
