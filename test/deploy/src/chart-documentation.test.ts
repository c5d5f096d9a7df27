import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ROOT, renderChart } from './kubernetes-tools.js';

const document = readFileSync(join(ROOT, 'docs/install-on-kubernetes.md'), 'utf8');
/** Values files of the document, which begin with their name. */
const files = new Map(
  [...document.matchAll(/```yaml\n# ((?:my|trial|services|agent)-values\.yaml)\n(.*?)```/gs)].map(
    ([, name = '', text = '']) => [name, text],
  ),
);

/** Objects of the chart with values files of the document, later ones over former ones. */
function renderWith(...names: readonly string[]): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'weir-docs-'));
  try {
    const args = names.flatMap((name) => {
      writeFileSync(join(directory, name), files.get(name) ?? 'missing: true\n');
      return ['--values', join(directory, name)];
    });
    return renderChart(...args).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the values of the documentation are the ones of the chart, alone and together', (t) => {
  t.true(renderWith('my-values.yaml').includes('DaemonSet weir-node'));
  t.true(renderWith('trial-values.yaml').includes('StatefulSet weir-etcd'));
  const all = renderWith('my-values.yaml', 'services-values.yaml', 'agent-values.yaml');
  for (const object of ['DaemonSet weir-agent', 'ClusterRole weir']) t.true(all.includes(object), object);
});
