import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { artifacts } from './chart-artifacts.js';
import { CHART, helm, kubectl, objectsOf, ROOT, renderChart } from './kubernetes-tools.js';
import { type KubernetesObject, problemsOf } from './strict-validation.js';

const MANIFESTS = join(ROOT, 'deploy/kubernetes/manifests');
const GOLDENS = join(ROOT, 'test/deploy/chart-goldens');
const VALUES = readdirSync(join(CHART, 'ci')).map((file) => file.replace('-values.yaml', ''));

const valuesFile = (name: string) => join(CHART, 'ci', `${name}-values.yaml`);
const rendered = (name: string) => renderChart('--values', valuesFile(name));

async function valid(t: ExecutionContext, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) t.deepEqual(await problemsOf(object), [], `${object.kind} ${object.metadata.name}`);
  const names = objects.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.namespace, metadata.name]);
  t.is(new Set(names.map(String)).size, objects.length, 'two objects have one name');
}

/** `weirctl config check` of the weir.yaml that pods would read, with what their environment has. */
function checkConfig(t: ExecutionContext, objects: readonly KubernetesObject[], hostAddress = '10.0.0.11'): void {
  const data = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'weir')?.data;
  const directory = mkdtempSync(join(tmpdir(), 'weir-chart-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'weir.yaml');
  writeFileSync(file, (data as Record<string, string>)['weir.yaml'] ?? '');
  const passwords = { ETCD_PASSWORD: 'one', REDIS_PASSWORD: 'two', BGP_PASSWORD: 'three' };
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'packages/weirctl/bin/weirctl.js'), 'config', 'check', file],
    { encoding: 'utf8', env: { ...process.env, NODE_NAME: 'lb1', NODE_IP: hostAddress, ...passwords } },
  );
  t.is(status, 0, stderr);
}

for (const name of VALUES) {
  test(`with the ${name} values, helm has nothing to complain of, and Kubernetes knows every field`, async (t) => {
    helm('lint', '--strict', CHART, '--values', valuesFile(name));
    await valid(t, rendered(name));
  });

  test(`with the ${name} values, nodes would accept their weir.yaml`, (t) => checkConfig(t, rendered(name)));

  test(`the ${name} values render what stands in the golden file; WEIR_UPDATE_GOLDEN=1 writes it anew`, (t) => {
    const golden = join(GOLDENS, `${name}.yaml`);
    // Alerts and dashboard are compared with their sources.
    const today = helm(
      'template',
      'weir',
      CHART,
      '--namespace',
      'weir',
      '--values',
      valuesFile(name),
      '--set',
      ['metrics.prometheusRule.enabled=false', 'metrics.dashboard.enabled=false'].join(),
    );
    if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(golden, today);
    t.is(today, readFileSync(golden, 'utf8'));
  });
}

test('on hosts whose first address is of IPv6, nodes accept their weir.yaml, with brackets before the ports', (t) => {
  // Without an IPv4 address, the router ID is the operator's to give.
  const bgp = { asn: 64512, routerId: '192.0.2.1', peers: [{ address: 'fd00:10::1', asn: 64500 }] };
  const values = {
    'nodes.hostAddressFamily': 'IPv6',
    'admin.port': 9645,
    'admin.tlsSecret': 'weir-admin-tls',
    'admin.roles': [{ subject: 'weir-admin', role: 'admin' }],
    config: { bgp, services: [] },
  };
  const set = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
  const objects = renderChart('--values', valuesFile('trial'), ...set);
  checkConfig(t, objects, 'fd00:10::11');
  const data = objects.find(({ kind }) => kind === 'ConfigMap')?.data as Record<string, string>;
  t.like(parse(data['weir.yaml'] ?? ''), {
    node: { address6: `\${env:NODE_IP}` },
    metrics: { listen: `[\${env:NODE_IP}]:9646` },
    admin: { listen: [`[\${env:NODE_IP}]:9645`] },
  });
});

interface PodTemplate {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly name: string;
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly resources: { readonly limits: object };
}

test('no container that stays is privileged, may gain rights, writes to its image, or has no limit of memory', (t) => {
  const containers = VALUES.flatMap(rendered)
    .filter(({ kind }) => ['DaemonSet', 'StatefulSet', 'Deployment'].includes(kind))
    .flatMap((object) => (object as unknown as PodTemplate).spec.template.spec.containers);
  t.true(containers.length >= 6);
  for (const { name, securityContext, resources } of containers) {
    t.not(securityContext.privileged, true, name);
    t.false(securityContext.allowPrivilegeEscalation, name);
    t.true(securityContext.readOnlyRootFilesystem, name);
    t.deepEqual(securityContext.capabilities.drop, ['ALL'], name);
    t.true('memory' in resources.limits, name);
  }
});

test('the alerts and the dashboard are those of deploy/prometheus and deploy/grafana', (t) => {
  const objects = rendered('production');
  const rule = objects.find(({ kind }) => kind === 'PrometheusRule');
  t.deepEqual(rule?.spec, parse(readFileSync(join(ROOT, 'deploy/prometheus/weir.rules.yaml'), 'utf8')));
  const dashboard = objects.find(({ metadata }) => metadata.name === 'weir-dashboard')?.data as Record<string, string>;
  t.deepEqual(
    JSON.parse(dashboard['weir.json'] ?? ''),
    JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/weir.json'), 'utf8')),
  );
});

test('the chart has the version of Weir', (t) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  t.like(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')), { version, appVersion: version });
});

for (const { path, make } of artifacts) {
  test(`${path.slice(ROOT.length)} is what "npm run manifests" would write`, (t) => {
    t.is(readFileSync(path, 'utf8'), make());
  });
}

test('kustomize builds the base: what Kubernetes knows, with a weir.yaml that nodes accept', async (t) => {
  const objects = objectsOf(kubectl('kustomize', join(MANIFESTS, 'base')));
  await valid(t, objects);
  checkConfig(t, objects);
});

test('the example overlay has its own weir.yaml, image and password, and no etcd for a trial', async (t) => {
  const yaml = kubectl('kustomize', join(MANIFESTS, 'overlays/example'));
  const objects = objectsOf(yaml);
  await valid(t, objects);
  checkConfig(t, objects);
  t.notRegex(yaml, /image: registry\.example\/weir|weir-etcd/);
  t.regex(yaml, /image: registry\.example\/network\/weir:/);
  t.regex(yaml, /name: BGP_PASSWORD/);
  t.regex(yaml, /asn: 64512/);
});
