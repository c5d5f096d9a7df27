import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { linkWithin } from './production-tree.mjs';

/** What npm says of all packages is longer than the megabyte that a child may say by default. */
export const LISTING_BYTES_MAX = 64 * 1024 * 1024;

/** Of a manifest, what Node.js and people who look read. */
const MANIFEST_KEYS = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'exports',
  'bin',
  'dependencies',
  'optionalDependencies',
];

/** Nothing that runs in production: types, maps, tests and what only they use. */
const LEFT_OUT =
  /\.d\.ts$|\.map$|\.tsbuildinfo$|\.(test|fixture|worker\.test)\.js$|\/(test-support|fixture|differential)\//;

/**
 * Copies Weir's own packages to `tree`/packages, and links them from `tree`/node_modules/@weir.
 *
 * @param links  in node_modules/@weir
 */
export function copyWorkspaces(tree, links, release) {
  const folders = links.map((link) => join('packages', basename(link)));
  const workspaces = folders.flatMap((folder) => ['--workspace', folder]);
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--silent', '--ignore-scripts', ...workspaces], {
      encoding: 'utf8',
      maxBuffer: LISTING_BYTES_MAX,
    }),
  );
  for (const folder of folders) {
    const { files } = packed.find(({ name }) => name === `@weir/${basename(folder)}`);
    for (const { path } of files) if (isWanted(folder, path)) copyInto(join(folder, path), join(tree, folder, path));
    writeManifest(folder, join(tree, folder), release);
    linkWithin(join(tree, folder), join(tree, 'node_modules', '@weir', basename(folder)));
  }
}

function isWanted(folder, path) {
  if (path === 'package.json' || path === 'README.md' || LEFT_OUT.test(`/${path}`)) return false;
  const source = /^dist\/(.*)\.js$/.exec(path)?.[1];
  // What was built from a file that is gone since lies about, where nobody has cleaned.
  return source === undefined || existsSync(join(folder, 'src', `${source}.ts`));
}

function copyInto(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function writeManifest(folder, to, { version }) {
  const manifest = { ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), version };
  const kept = MANIFEST_KEYS.filter((key) => manifest[key] !== undefined).map((key) => [key, manifest[key]]);
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}
