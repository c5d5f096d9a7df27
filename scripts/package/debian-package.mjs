import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { linkWithin, normalize } from './production-tree.mjs';

const SOURCES = join('deploy', 'debian');
/** Where Debian puts commands: what only root has a use for stands in sbin. */
const COMMANDS = { weirctl: 'usr/bin/weirctl', 'lb-node': 'usr/sbin/lb-node', 'real-server': 'usr/sbin/real-server' };
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/**
 * The Debian package `weir`: the tree in /usr/lib/weir, and what makes a system of it.
 *
 * @returns the file
 * @see https://www.debian.org/doc/debian-policy/
 */
export function buildDebianPackage(tree, release, staging) {
  const root = join(staging, 'deb');
  cpSync(tree, join(root, 'usr/lib/weir'), { recursive: true, verbatimSymlinks: true });
  for (const [program, command] of Object.entries(COMMANDS)) {
    linkWithin(join(root, 'usr/lib/weir/bin', program), join(root, command));
  }
  addSystemFiles(root);
  addDocumentation(root, release);
  writeControl(root, release);
  normalize(root, release.epochSeconds);
  const file = join(staging, `weir_${release.version}_${release.debianArch}.deb`);
  // Debian 12 and later unpack it, as does every Ubuntu with a kernel that is new enough; a tenth of the time of gzip, and smaller.
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zzstd', '-z3', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function addSystemFiles(root) {
  const copies = {
    [join('deploy', 'systemd')]: 'lib/systemd/system',
    [join(SOURCES, 'sysusers.d')]: 'usr/lib/sysusers.d',
    [join(SOURCES, 'tmpfiles.d')]: 'usr/lib/tmpfiles.d',
    [join(SOURCES, 'default')]: 'etc/default',
  };
  for (const [from, to] of Object.entries(copies)) cpSync(from, join(root, to), { recursive: true });
  mkdirSync(join(root, 'etc/weir'));
  const completion = execFileSync(process.execPath, ['packages/weirctl/bin/weirctl.js', 'completion', 'bash']);
  const folder = join(root, 'usr/share/bash-completion/completions');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'weirctl'), completion);
}

function addDocumentation(root, { version, epochSeconds }) {
  const folder = join(root, 'usr/share/doc/weir');
  cpSync(join(SOURCES, 'examples'), join(folder, 'examples'), { recursive: true });
  copyFileSync(join('packages', 'control', 'weir.reference.yaml'), join(folder, 'examples', 'weir.reference.yaml'));
  copyFileSync(join(SOURCES, 'copyright'), join(folder, 'copyright'));
  const date = new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  const entry = readFileSync(join(SOURCES, 'changelog.in'), 'utf8')
    .replace('@VERSION@', version)
    .replace('@DATE@', date);
  writeCompressed(join(folder, 'changelog.gz'), entry);
  for (const page of readdirSync(join(SOURCES, 'man'))) {
    const section = join(root, 'usr/share/man', `man${page.at(-1)}`);
    mkdirSync(section, { recursive: true });
    writeCompressed(join(section, `${page}.gz`), readFileSync(join(SOURCES, 'man', page)));
  }
}

function writeCompressed(file, content) {
  writeFileSync(file, gzipSync(content, { level: 9 }));
}

function writeControl(root, { version, debianArch }) {
  const folder = join(root, 'DEBIAN');
  mkdirSync(folder);
  const control = readFileSync(join(SOURCES, 'control.in'), 'utf8')
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', debianArch)
    .replace('@SIZE@', String(Math.ceil(bytesBelow(root) / 1024)));
  writeFileSync(join(folder, 'control'), control);
  const configuration = readdirSync(join(root, 'etc/default')).map((name) => `/etc/default/${name}\n`);
  writeFileSync(join(folder, 'conffiles'), configuration.join(''));
  writeChecksums(root, join(folder, 'md5sums'));
  for (const script of SCRIPTS) {
    copyFileSync(join(SOURCES, script), join(folder, script));
    chmodSync(join(folder, script), 0o755);
  }
}

/** What `dpkg --verify` compares with; no protection against anybody. */
function writeChecksums(root, file) {
  const sums = execFileSync(
    'sh',
    ['-c', 'find . -type f ! -path "./DEBIAN/*" ! -path "./etc/*" -printf "%P\\0" | sort -z | xargs -r0 md5sum'],
    { cwd: root, env: { ...process.env, LC_ALL: 'C' } },
  );
  writeFileSync(file, sums);
}

/** Of what is there itself: a link to a folder is no second copy of it. */
function bytesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => [entry, join(folder, entry.name)])
    .map(([entry, path]) => (entry.isDirectory() ? bytesBelow(path) : lstatSync(path).size))
    .reduce((sum, bytes) => sum + bytes, 0);
}
