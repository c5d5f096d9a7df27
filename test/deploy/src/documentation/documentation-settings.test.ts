import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { type Fence, fencesOf, pages } from './fences.js';

/** What a snippet that shows a part of weir.yaml leaves out. */
const frame = {
  node: { interfaces: ['eth0'], address: '10.0.0.11', address6: 'fd00:10::11' },
  services: [{ name: 'any', vip: '198.51.100.99', port: 9999, backends: [{ address: '10.0.0.99' }] }],
};
/** Keys of weir.yaml; a snippet of other things has none of them. */
const sections = [
  'node',
  'dataplane',
  'guard',
  'bgp',
  'vrrp',
  'nodes',
  'state',
  'etcd',
  'kubernetes',
  'metrics',
  'admin',
  'services',
];

const snippets = pages()
  .flatMap(fencesOf)
  .filter(({ language, attributes }) => language === 'yaml' && (attributes.title ?? 'weir.yaml') === 'weir.yaml');

function placeOf({ page, line }: Fence): string {
  return `${page}:${line}`;
}

/** The snippet as a whole weir.yaml, which values of the chart have under `config`; undefined: it is of something else. */
function wholeOf({ text }: Fence): object | undefined {
  const [value, ...others] = parseAllDocuments(text.replaceAll(/\$\{env:\w+\}/g, 'secret')).map(
    (document) => document.toJS() as unknown,
  );
  if (others.length > 0) return undefined;
  return wholeDocument(value);
}

function wholeDocument(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if ('config' in value) return wholeDocument(value.config);
  const keys = Object.keys(value);
  if (keys.includes('passiveCheck')) return { ...frame, services: [{ ...frame.services[0], ...value }] };
  if (!keys.some((key) => sections.includes(key))) return undefined;
  const { node = {}, nodes } = value as { readonly node?: object; readonly nodes?: object };
  // Members of nodes say of each node what its local addresses are.
  const local = nodes === undefined ? { localAddresses: ['10.0.0.111'] } : {};
  return { ...frame, ...value, node: { ...frame.node, ...local, ...node } };
}

test('each example of weir.yaml in the documentation is right', (t) => {
  const wrong = snippets.flatMap((fence) => {
    const whole = wholeOf(fence);
    if (whole === undefined) return [];
    try {
      parseNodeConfig(JSON.stringify(whole), placeOf(fence));
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
  t.deepEqual(wrong, []);
  t.true(snippets.filter((fence) => wholeOf(fence) !== undefined).length > 15);
});

test('an example that is wrong is found', (t) => {
  const fence = { page: 'docs/x.md', line: 7, language: 'yaml', attributes: {}, text: 'metrics: { listen: nowhere }' };
  t.throws(() => parseNodeConfig(JSON.stringify(wholeOf(fence)), placeOf(fence)), {
    message: /metrics\.listen.*docs\/x\.md:7/s,
  });
});
