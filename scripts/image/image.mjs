/**
 * Builds the container image by deploy/container/Dockerfile, without a Docker daemon, and writes it to build/ as an OCI archive,
 * with its software bill of materials beside it.
 *
 *   npm run image -- [--base local|REFERENCE] [--version 0.1.1] [--from built|source] [--build-base REFERENCE]
 *
 * `--base` is the image that it stands on: one of a registry (default: what the Dockerfile pins), or `local`, made of Debian's
 * packages. `--from source` builds Weir in the image build, as `docker build` does; the default packages what is built here.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askGit } from '../package/git.mjs';
import { readRelease } from '../package/release.mjs';
import { localBase } from './local-base.mjs';
import { stageContext } from './stage-context.mjs';
import { ImageStorage } from './storage.mjs';

const FOLDER = join('build', 'image');
const SBOM = '/usr/share/doc/weir/sbom.cdx.json';

process.chdir(new URL('../..', import.meta.url).pathname);
const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    version: { type: 'string' },
    from: { type: 'string', default: 'built' },
    'build-base': { type: 'string' },
  },
});
if (!['built', 'source'].includes(values.from)) {
  console.error(`image: --from takes built or source; got "${values.from}"`);
  process.exit(2);
}

try {
  for (const file of buildImage()) console.log(file);
} catch (error) {
  console.error(`image: ${error.message}`);
  process.exitCode = 1;
}

/** @returns the archive and its bill of materials */
function buildImage() {
  const release = readRelease(values.version);
  const storage = new ImageStorage(FOLDER);
  const name = `localhost/weir:${release.version.replaceAll(/[~+]/g, '-')}`;
  storage.run('build', ...buildOptions(storage, release), '--tag', name, '.');
  // What earlier builds have left and this one has not used.
  storage.run('rmi', '--prune', '--force');
  const archive = join('build', `weir-${release.version}-oci.tar`);
  const sbom = join('build', `weir-${release.version}-oci.cdx.json`);
  rmSync(archive, { force: true });
  storage.run('push', '--quiet', name, `oci-archive:${archive}:${name}`);
  writeFileSync(sbom, readFromImage(storage, name, SBOM));
  return [archive, sbom];
}

function buildOptions(storage, release) {
  const options = ['--file', 'deploy/container/Dockerfile', '--ignorefile', 'deploy/container/Dockerfile.dockerignore'];
  const args = {
    VERSION: release.version,
    REVISION: askGit('rev-parse', 'HEAD'),
    CREATED: new Date(release.epochSeconds * 1000).toISOString(),
    SOURCE_DATE_EPOCH: release.epochSeconds,
    ...(values.base !== undefined && { BASE: values.base === 'local' ? localBase(storage, FOLDER) : values.base }),
    ...(values['build-base'] !== undefined && { BUILD_BASE: values['build-base'] }),
  };
  for (const [key, value] of Object.entries(args)) options.push('--build-arg', `${key}=${value}`);
  if (values.from === 'built') {
    const context = join(FOLDER, 'context');
    mkdirSync(context, { recursive: true });
    stageContext(context, release);
    options.push('--build-context', `tree=${join(process.cwd(), context)}`);
  }
  return [...options, `--layers=${storage.isLayered}`, '--format', 'oci', '--timestamp', String(release.epochSeconds)];
}

function readFromImage(storage, image, file) {
  const container = storage.run('from', '--pull-never', image);
  try {
    return storage.run('run', container, '--', 'cat', file);
  } finally {
    storage.run('rm', container);
  }
}
