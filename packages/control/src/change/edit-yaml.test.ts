import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { editYaml } from './edit-yaml.js';

const text = `# this node
node: {name: lb1,   interfaces: [eth0]}   # two of them later


services:
  # the shop
  - name: web   # as people call it
    vip: 198.51.100.1
    port: 80
    backends:
      - { address: 10.0.0.21, weight: 3 } # old
      # the new one
      - address: 10.0.0.22
        weight: 1     # for now

  - name: dns # answers
    vip: 198.51.100.1
    protocol: udp
    port: 53
    backends: [{address: 10.0.0.23}]
# the end
`;

// biome-ignore lint/suspicious/noExplicitAny: a document of any form, as an editor changes it
type Anything = any;

/** @param expected  lines that change: what they become */
const edits = test.macro(
  (t, change: (document: Anything) => void, expected: readonly (readonly [string, string])[]) => {
    const wanted = parse(text) as unknown;
    change(wanted);
    t.is(
      editYaml(text, wanted),
      expected.reduce((whole, [before, after]) => whole.replace(before, after), text),
    );
  },
);

test('a text that says what is wanted stays as it is', edits, () => {}, []);
test(
  'a number is changed where it stands, and its comment stays',
  edits,
  (d) => {
    d.services[0].backends[1].weight = 7;
  },
  [['weight: 1     # for now', 'weight: 7 # for now']],
);
test(
  'a field is added to a backend on one line',
  edits,
  (d) => {
    d.services[0].backends[0].state = 'draining';
  },
  [['weight: 3 }', 'weight: 3, state: draining }']],
);
test(
  'a field is added to a backend on several lines',
  edits,
  (d) => {
    d.services[0].backends[1].state = 'draining';
  },
  [['# for now\n', '# for now\n        state: draining\n']],
);
test(
  'a backend goes with its comment, the others stay',
  edits,
  (d) => {
    d.services[0].backends.shift();
  },
  [['      - { address: 10.0.0.21, weight: 3 } # old\n', '']],
);
test(
  'a new service stands last',
  edits,
  (d) => {
    d.services.push({ name: 'mail', vip: '2001:db8::1', port: 25, backends: [{ address: 'fd00::1' }] });
  },
  [
    [
      '[{address: 10.0.0.23}]\n',
      '[{address: 10.0.0.23}]\n  - name: mail\n    vip: 2001:db8::1\n    port: 25\n    backends:\n      - address: fd00::1\n',
    ],
  ],
);
test(
  'a service goes, and nothing else',
  edits,
  (d) => {
    d.services.pop();
  },
  [
    [
      '  - name: dns # answers\n    vip: 198.51.100.1\n    protocol: udp\n    port: 53\n    backends: [{address: 10.0.0.23}]\n',
      '',
    ],
  ],
);

test('a text with aliases says what is wanted, in plain', (t) => {
  const wanted = { a: { x: 1 }, b: { x: 2 } };
  t.deepEqual(parse(editYaml('a: &a { x: 1 }\nb: *a\n', wanted)), wanted);
});

test('whatever is wanted, the text says it', (t) => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant('# no comment'));
  const entry = fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), x: scalar, y: fc.array(scalar) },
    { requiredKeys: ['name'] },
  );
  const list = fc.uniqueArray(entry, { selector: ({ name }) => name });
  const document = fc.record({ services: list, node: fc.record({ x: scalar }, { requiredKeys: [] }) });
  const pretty = document.map(
    (value) =>
      `# first\nservices: # list\n${value.services.map((s) => `  # one\n  - ${JSON.stringify(s)} # ${s.name}\n`).join('') || '  []\n'}node: ${JSON.stringify(value.node)}\n`,
  );
  t.notThrows(() =>
    fc.assert(
      fc.property(pretty, document, (before, wanted) => {
        const said = parse(editYaml(before, wanted)) as unknown;
        return JSON.stringify(sorted(said)) === JSON.stringify(sorted(JSON.parse(JSON.stringify(wanted))));
      }),
    ),
  );
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
