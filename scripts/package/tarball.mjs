import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from './production-tree.mjs';

/** Where the units of the tarball look for it; `/opt/weir` may be a link to the folder of a version. */
const PREFIX = '/opt/weir';

/**
 * The tree with all that an installation by hand needs beside it: units, users, directories, defaults, examples.
 *
 * @returns the file
 */
export function buildTarball(tree, { version, arch, epochSeconds }, staging) {
  const name = `weir-${version}-linux-${arch}`;
  const parent = join(staging, 'tarball');
  const folder = join(parent, name);
  cpSync(tree, folder, { recursive: true, verbatimSymlinks: true });
  const support = join(folder, 'share');
  for (const kind of ['sysusers.d', 'tmpfiles.d', 'default', 'examples']) {
    cpSync(join('deploy', 'debian', kind), join(support, kind), { recursive: true });
  }
  copyUnits(join(support, 'systemd'));
  for (const file of ['LICENSE', 'LICENSES', 'CHANGELOG.md']) cpSync(file, join(folder, file), { recursive: true });
  normalize(folder, epochSeconds);
  const file = join(staging, `${name}.tar.gz`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const tar = ['--create', '--sort=name', '--format=gnu', '--mode=go=rX,u+rw', ...owner, `--directory=${parent}`, name];
  execFileSync('sh', ['-c', 'tar "$@" | gzip -4 --no-name > "$FILE"', 'tar', ...tar], {
    env: { ...process.env, FILE: file },
    stdio: 'inherit',
  });
  return file;
}

function copyUnits(to) {
  mkdirSync(to, { recursive: true });
  for (const unit of readdirSync(join('deploy', 'systemd'))) {
    const text = readFileSync(join('deploy', 'systemd', unit), 'utf8');
    writeFileSync(
      join(to, unit),
      text.replaceAll(/\/usr\/s?bin\/(lb-node|real-server|weirctl)\b/g, `${PREFIX}/bin/$1`),
    );
  }
}
