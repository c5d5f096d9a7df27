/**
 * Makes what Weir is installed from, in build/: a tarball that needs nothing beside it but libbpf and iproute2, a Debian package,
 * and their checksums.
 *
 *   npm run package -- [--version 0.1.1] [--only tarball|deb] [--to FOLDER]
 *
 * The same commit and the same Node.js give the same bytes: every time in them is that of the last commit, or SOURCE_DATE_EPOCH.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeChecksums } from './checksums.mjs';
import { buildDebianPackage } from './debian-package.mjs';
import { stageProductionTree } from './production-tree.mjs';
import { readRelease } from './release.mjs';
import { buildTarball } from './tarball.mjs';

const builders = { tarball: buildTarball, deb: buildDebianPackage };

process.chdir(new URL('../..', import.meta.url).pathname);
const { values } = parseArgs({
  options: { version: { type: 'string' }, only: { type: 'string' }, to: { type: 'string', default: 'build' } },
});
if (values.only !== undefined && builders[values.only] === undefined) {
  console.error(`package: --only takes ${Object.keys(builders).join(' or ')}; got "${values.only}"`);
  process.exit(2);
}

const release = readRelease(values.version);
mkdirSync(values.to, { recursive: true });
// Of this run alone: several may run at once.
const staging = mkdtempSync(join(values.to, 'staging-'));
try {
  const tree = join(staging, 'tree');
  stageProductionTree(tree, release);
  const chosen = values.only === undefined ? Object.keys(builders) : [values.only];
  for (const kind of chosen) {
    const made = builders[kind](tree, release, staging);
    const file = join(values.to, basename(made));
    // Whoever looks finds the former one, or this one whole.
    renameSync(made, file);
    console.log(file);
  }
} finally {
  rmSync(staging, { recursive: true });
}
writeChecksums(values.to);
