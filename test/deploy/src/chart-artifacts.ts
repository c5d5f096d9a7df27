import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chartReadme } from './chart-readme.js';
import { CHART, helm, ROOT } from './kubernetes-tools.js';
import { valuesSchema } from './values-schema.js';

const MANIFESTS = join(ROOT, 'deploy/kubernetes/manifests');

/**
 * Files of deploy/kubernetes that others make: `npm run manifests` writes them, and a test compares them. The schema comes
 * first, for helm goes by it.
 */
export const artifacts: readonly { readonly path: string; readonly make: () => string }[] = [
  {
    path: join(CHART, 'values.schema.json'),
    make: () => `${JSON.stringify(valuesSchema(parse(read('values.yaml')) as Record<string, unknown>))}\n`,
  },
  { path: join(CHART, 'README.md'), make: () => chartReadme(read('README.md.in'), read('values.yaml')) },
  { path: join(MANIFESTS, 'base/weir.yaml'), make: baseManifests },
];

function read(name: string): string {
  return readFileSync(join(CHART, name), 'utf8');
}

/** The chart with the values of the base, without what says that helm manages it. */
function baseManifests(): string {
  const rendered = helm(
    'template',
    'weir',
    CHART,
    '--namespace',
    'weir',
    '--values',
    join(MANIFESTS, 'base-values.yaml'),
  );
  const plain = rendered.replaceAll(/^ *(app\.kubernetes\.io\/managed-by|helm\.sh\/chart): .*\n/gm, '');
  return `# Rendered from deploy/kubernetes/chart by "npm run manifests": change that, or an overlay.\n${plain}`;
}
