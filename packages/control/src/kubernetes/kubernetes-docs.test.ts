import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { EntryCache } from '../cluster/entry-cache.js';
import { parseNodeConfig, parseNodeDocument } from '../parse-node-config.js';
import { sliceObject } from '../test-support/kubernetes-objects.js';
import { endpointSlice } from './endpoint-slice.js';
import { kubernetesKeys, mergeKubernetes } from './kubernetes-services.js';
import { type LoadBalancerService, loadBalancerService } from './load-balancer-service.js';
import { planAddresses } from './plan-addresses.js';

const page = readFileSync(new URL('../../../../docs/kubernetes-services.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```yaml( title=weir\.yaml)?\n(.*?)```/gs)].map(([, title, text = '']) => ({
  title,
  text,
}));
const weirYaml = blocks.find(({ title }) => title !== undefined)?.text ?? '';

/** The Services of the page, as an API server would have them. */
const services = blocks
  .flatMap(({ text }) =>
    parseAllDocuments(text).map((document) => document.toJS() as { kind?: string; metadata: object }),
  )
  .filter(({ kind }) => kind === 'Service')
  .map((object, at) => {
    const metadata = {
      ...object.metadata,
      uid: `${at}`,
      resourceVersion: '1',
      creationTimestamp: `2026-01-0${at + 1}T00:00:00Z`,
    };
    return loadBalancerService({ ...object, metadata }, 'weir.io/weir') as LoadBalancerService;
  });

test('the Services of docs/kubernetes-services.md get addresses of its pools, and are served', (t) => {
  const { kubernetes } = parseNodeConfig(weirYaml, 'weir.yaml');
  t.truthy(kubernetes);
  if (kubernetes === undefined) return;
  const plan = planAddresses(services, kubernetes.pools, new Map());
  t.deepEqual(plan.problems, []);
  t.deepEqual(
    plan.changes.map(({ service, addresses }) => `${service.key} ${addresses.join(' ')}`),
    ['shop/web 198.51.100.128', 'mail/smtp 198.51.100.140', 'mail/imap 198.51.100.140'],
  );
  const found = {
    services: plan.changes.map(({ service, addresses }) => ({ ...service, ingress: addresses })),
    slices: services.flatMap(({ name, namespace, ports }) => {
      const slice = endpointSlice(
        sliceObject(name, { namespace, portName: ports[0]?.name ?? '', pods: { '10.3.0.21': 'ready' } }),
      );
      return slice === undefined ? [] : [slice];
    }),
  };
  const keys = kubernetesKeys(found, kubernetes, new Map(), new Map());
  t.deepEqual(keys.problems, []);
  const merged = mergeKubernetes(parseNodeDocument(weirYaml, 'weir.yaml'), keys, new EntryCache());
  t.deepEqual(merged.problems, []);
  t.deepEqual(
    merged.config.services.map(({ name }) => name),
    ['mail:imap:tcp:993', 'mail:smtp:tcp:25', 'shop:web:tcp:80'],
  );
});

test('docs/kubernetes-services.md names every reason of an Event, and no other', (t) => {
  const source = readFileSync(new URL('../../src/kubernetes/service-problem.ts', import.meta.url), 'utf8');
  const reasons = [...source.matchAll(/\| '(\w+)'/g)].map(([, reason]) => reason);
  const documented = [...page.matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(([, reason]) => reason);
  t.deepEqual(documented.sort(), reasons.sort());
});
