/**
 * Makes what Weir is installed from, in build/: a tarball that needs nothing beside it but libbpf and iproute2, a Debian package,
 * and their checksums.
 *
 *   npm run package -- [--version 0.1.1] [--only tarball|deb]
 *
 * The same commit and the same Node.js give the same bytes: every time in them is that of the last commit, or SOURCE_DATE_EPOCH.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeChecksums } from './checksums.mjs';
import { buildDebianPackage } from './debian-package.mjs';
import { stageProductionTree } from './production-tree.mjs';
import { readRelease } from './release.mjs';
import { buildTarball } from './tarball.mjs';

const builders = { tarball: buildTarball, deb: buildDebianPackage };

process.chdir(new URL('../..', import.meta.url).pathname);
const { values } = parseArgs({ options: { version: { type: 'string' }, only: { type: 'string' } } });
if (values.only !== undefined && builders[values.only] === undefined) {
  console.error(`package: --only takes ${Object.keys(builders).join(' or ')}; got "${values.only}"`);
  process.exit(2);
}

const release = readRelease(values.version);
const tree = join('build', 'staging', `weir-${release.version}`);
rmSync(tree, { recursive: true, force: true });
mkdirSync(tree, { recursive: true });
stageProductionTree(tree, release);
const chosen = values.only === undefined ? Object.keys(builders) : [values.only];
const files = chosen.map((kind) => builders[kind](tree, release));
writeChecksums('build');
for (const file of files) console.log(file);
