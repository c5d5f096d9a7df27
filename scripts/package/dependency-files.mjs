import { cpSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** Listed for production, and loaded by nothing there: what compilers and editors read, and parts for Bare, another runtime. */
const NEVER_LOADED = /\/node_modules\/(@types\/.*|undici-types|nan|bare-[^/]+)$/;

/** Files that nothing loads, by their endings: sources, types, maps, documents, what compilers leave, tests. Licences stay, see {@link LICENCE}. */
const LEFT_OUT = [
  /\.([cm]?ts|map|flow|tsbuildinfo)$/,
  /\.(md|markdown|txt|ya?ml)$/,
  /\.(c|cc|cpp|h|hh|S|asm|inc|gypi?|mk)$|makefile$/i,
  /\.(test|spec)\.[cm]?js$/,
  /^\./,
];

/** Who gives something on has to give these on with it. */
const LICENCE = /^(licen[cs]e|notice|copying)/i;

/** Folders at the top of a package that nothing loads. Deeper down, such a name may be one of the package's own. */
const FOLDERS_LEFT_OUT = new Set([
  'test',
  'tests',
  '__tests__',
  'example',
  'examples',
  'doc',
  'docs',
  'benchmark',
  'benchmarks',
  'bench',
]);

/** Of packages with compiled parts: what else goes, by their names. */
const AFTER_BUILD = {
  koffi: ['vendor', 'cnoke.cjs'],
  'koffi-linux-x64': ['musl_x64'],
  'koffi-linux-arm64': ['musl_arm64'],
  'raw-socket': ['src', 'build/Release/obj.target', 'build/Release/.deps'],
};

/**
 * Copies an installed package to the same place below `tree`, without what only its authors, compilers and other platforms need.
 *
 * @param path  such as node_modules/etcd3; a package that npm has put below it is one of its own
 */
export function copyDependency(path, tree) {
  if (NEVER_LOADED.test(`/${path}`)) return;
  const to = join(tree, path);
  cpSync(path, to, { recursive: true, filter: (source) => isWanted(relative(path, source), source) });
  for (const name of AFTER_BUILD[basename(path)] ?? []) rmSync(join(to, name), { recursive: true, force: true });
  removeEmpty(to);
}

/** @param within  the path of `source` in its package */
function isWanted(within, source) {
  if (within === '') return true;
  if (within === 'node_modules') return false;
  if (lstatSync(source).isDirectory()) return !basename(source).startsWith('.') && !FOLDERS_LEFT_OUT.has(within);
  const name = basename(source);
  return LICENCE.test(name) || !LEFT_OUT.some((pattern) => pattern.test(name));
}

function removeEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
