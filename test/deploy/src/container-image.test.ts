import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type BuiltImage, builtImage } from './built-image.js';
import { testAsRoot } from './test-as-root.js';
import { WEIR_VERSION } from './weir-package.js';

/** Of CycloneDX. */
interface Sbom {
  readonly bomFormat: string;
  readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
}

const TREE = 'usr/lib/weir';
const DOCKERFILE = new URL('../../../deploy/container/Dockerfile', import.meta.url);
/** What builds, and what could fetch more of it. */
const NOT_IN_AN_IMAGE = ['cc', 'gcc', 'g++', 'clang', 'ld', 'as', 'make', 'npm', 'npx', 'python3', 'git', 'curl'];
const NOT_IN_PRODUCTION = ['typescript', 'ava', '@biomejs', 'turbo', 'knip', 'fast-check', '@types', 'raw-socket/src'];

let image: BuiltImage;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() === 0) image = await builtImage();
});

const find = (...conditions: string[]) =>
  execFileSync('find', [image.root, '-xdev', ...conditions], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

testAsRoot('the image has nothing that builds, and nothing that only development needs', (t) => {
  const programs = ['usr/bin', 'usr/sbin', 'usr/local/bin', `${TREE}/bin`].map((folder) => join(image.root, folder));
  for (const name of NOT_IN_AN_IMAGE)
    t.false(
      programs.some((folder) => existsSync(join(folder, name))),
      name,
    );
  for (const name of NOT_IN_PRODUCTION) t.false(existsSync(join(image.root, TREE, 'node_modules', name)), name);
  t.deepEqual(find('-path', `*/${TREE}/packages/*`, '(', '-name', '*.ts', '-o', '-name', '*.test.*', ')'), []);
});

testAsRoot('nobody gains rights by a program of the image, but Weir its own capabilities', (t) => {
  t.deepEqual(find('-type', 'f', '-perm', '/6000'), []);
  const listed = execFileSync('getcap', ['-r', image.root], { encoding: 'utf8' }).trim().split('\n');
  t.deepEqual(listed, [
    `${image.root}/usr/libexec/weir/setpriv cap_net_bind_service,cap_net_admin,cap_net_raw,cap_perfmon,cap_bpf=p`,
  ]);
});

testAsRoot('containers are not root unless they are told to, and say what they are', (t) => {
  t.regex(image.config.User, /^[1-9][0-9]+:[1-9][0-9]+$/);
  t.is(image.config.StopSignal, 'SIGTERM');
  const { Labels: labels } = image.config;
  t.is(labels['org.opencontainers.image.version'], WEIR_VERSION);
  t.regex(labels['org.opencontainers.image.revision'] ?? '', /^[0-9a-f]{40}$/);
  t.is(readFileSync(join(image.root, TREE, 'VERSION'), 'utf8').trim(), WEIR_VERSION);
});

testAsRoot('the bill of materials names every npm package and every Debian package of the image', (t) => {
  const inside = readFileSync(join(image.root, image.config.Labels['io.weir.sbom'] ?? ''), 'utf8');
  const { bomFormat, components } = JSON.parse(inside) as Sbom;
  t.is(bomFormat, 'CycloneDX');
  t.deepEqual(JSON.parse(readFileSync(image.sbomFile, 'utf8')), JSON.parse(inside));
  const of = (type: string) =>
    components.filter(({ purl }) => purl.startsWith(`pkg:${type}/`)).map(({ purl }) => purlName(purl));
  t.deepEqual(of('npm').sort(), npmPackages());
  t.deepEqual(of('deb').sort(), debianPackages());
});

test('the bases that the Dockerfile names are pinned by their digests', (t) => {
  const bases = [...readFileSync(DOCKERFILE, 'utf8').matchAll(/^ARG (?:BUILD_)?BASE=(.*)$/gm)].map(([, base]) => base);
  t.is(bases.length, 2);
  for (const base of bases) t.regex(base ?? '', /@sha256:[0-9a-f]{64}$/);
});

/** `@weir/errors@0.1.0`. */
function purlName(purl: string): string {
  return decodeURIComponent(/^pkg:(?:npm|deb\/debian)\/([^?]+)/.exec(purl)?.[1] ?? '');
}

/** Of each package.json that is a package's own: in packages/ or in a node_modules. */
function npmPackages(): string[] {
  const manifests = find('-path', `*/${TREE}/*`, '-name', 'package.json').filter((file) =>
    /\/(packages|node_modules)\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file),
  );
  const names = manifests.map((file) => {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string };
    return `${name}@${version}`;
  });
  return [...new Set(names)].sort();
}

/** From the files that dpkg keeps of what is installed, not from its own listing. */
function debianPackages(): string[] {
  const status = readFileSync(join(image.root, 'var/lib/dpkg/status'), 'utf8');
  const lists = readdirSync(join(image.root, 'var/lib/dpkg/info')).filter((name) => name.endsWith('.list'));
  const found = status.split('\n\n').flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    return field('Package') === undefined ? [] : [`${field('Package')}@${field('Version')}`];
  });
  if (found.length !== lists.length) throw new Error(`${lists.length} file lists of dpkg for ${found.length} packages`);
  return found.sort();
}
