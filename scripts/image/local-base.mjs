import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const IMAGE = 'localhost/weir-base:bookworm';
const SUITE = 'bookworm';
/** Nobody reads manuals in a container. Licences stay. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*'];
const OPTIONS = [
  '--variant=minbase',
  ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
  '--dpkgopt=path-include=/usr/share/doc/*/copyright',
];

/**
 * A Debian 12 of essential packages alone, from the archive that this machine has its packages from: for where no registry of images can be reached.
 *
 * @returns the image's name; it is made once for a store
 */
export function localBase(storage, folder) {
  if (storage.has(IMAGE)) return IMAGE;
  const work = mkdtempSync(join(folder, 'base-'));
  try {
    const tree = join(work, 'tree.tar');
    execFileSync('mmdebstrap', ['--quiet', ...OPTIONS, SUITE, tree, ...archives()], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const container = storage.run('from', 'scratch');
    storage.run('add', '--quiet', container, tree, '/');
    storage.run('config', '--created-by', `mmdebstrap ${OPTIONS.join(' ')} ${SUITE}`, '--cmd', '/bin/sh', container);
    storage.run('commit', '--quiet', '--rm', container, IMAGE);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return IMAGE;
}

/** Lines of sources.list: what this machine's apt reads of the suite. None where it is another system: mmdebstrap then takes Debian's own. */
function archives() {
  const format = '$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)';
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const lines = targets
    .split('\n')
    .map((target) => target.split(' '))
    .filter(
      ([origin, release]) => origin === 'Debian' && [SUITE, `${SUITE}-updates`, `${SUITE}-security`].includes(release),
    )
    .filter(([, , component]) => component === 'main')
    .map(([, release, component, uri]) => `deb ${uri} ${release} ${component}`);
  // Updates alone are no system.
  return lines.some((line) => line.includes(` ${SUITE} `)) ? [...new Set(lines)] : [];
}
