import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { copyDependency } from './dependency-files.mjs';
import { copyWorkspaces, LISTING_BYTES_MAX } from './workspace-files.mjs';

/** What is run on machines, each the folder of a package and of its `bin`. */
export const programs = ['lb-node', 'real-server', 'weirctl'];

/**
 * Puts into `tree` all that runs, wherever the tree is put then: the Node.js that runs this, the programs, the packages that they
 * need in production and nothing else.
 */
export function stageProductionTree(tree, release) {
  const needed = productionPackages();
  copyWorkspaces(
    tree,
    needed.filter((path) => path.startsWith('node_modules/@weir/')),
    release,
  );
  for (const path of needed.filter((path) => !path.startsWith('node_modules/@weir/'))) copyDependency(path, tree);
  mkdirSync(join(tree, 'bin'), { recursive: true });
  copyRuntime(join(tree, 'bin', 'node'));
  for (const program of programs) writeLauncher(join(tree, 'bin', program), program);
  writeFileSync(join(tree, 'VERSION'), `${release.version}\n`);
}

/** Folders in node_modules, as npm knows them from the lock file and from what is installed. */
function productionPackages() {
  const workspaces = programs.flatMap((program) => ['--workspace', `packages/${program}`]);
  const listing = execFileSync('npm', ['ls', '--all', '--parseable', '--omit=dev', ...workspaces], {
    encoding: 'utf8',
    maxBuffer: LISTING_BYTES_MAX,
  });
  return listing
    .split('\n')
    .map((path) => relative(process.cwd(), path))
    .filter((path) => path.startsWith('node_modules/'))
    .sort();
}

/** Without the symbols that only debuggers read, which are a fifth of it; those that add-ons link to stay. */
function copyRuntime(file) {
  copyFileSync(process.execPath, file);
  execFileSync('llvm-strip', ['--strip-all', file]);
  chmodSync(file, 0o755);
}

/** Finds the runtime beside itself, through the links of /usr/bin. */
function writeLauncher(file, program) {
  const script = `#!/bin/sh
bin=$(dirname "$(readlink -f "$0")")
exec "$bin/node" "$bin/../packages/${program}/bin/${program}.js" "$@"
`;
  writeFileSync(file, script, { mode: 0o755 });
  chmodSync(file, 0o755);
}

/** A link that says where `target` is from where the link is, so that the tree can move. */
export function linkWithin(target, link) {
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), target), link);
}

/** Gives everything below `folder` the modes that files of packages have, whatever the umask of who makes them, and one date. */
export function normalize(folder, epochSeconds) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) normalize(path, epochSeconds);
    else if (entry.isFile()) chmodSync(path, (lstatSync(path).mode & 0o111) === 0 ? 0o644 : 0o755);
    lutimesSync(path, epochSeconds, epochSeconds);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epochSeconds, epochSeconds);
}
