import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
const VERSION = '0.0.7';
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
const PACKAGING_TIMEOUT_MS = 300_000;

const scratch = mkdtempSync(join(tmpdir(), 'weir-package-'));
const unpacked = join(scratch, 'deb');
const packages = join(scratch, 'packages');
const deb = join(packages, `weir_${VERSION}_${ARCHITECTURE}.deb`);
const tarball = join(packages, `weir-${VERSION}-linux-${process.arch}.tar.gz`);

test.before('what is built is packaged', async (t) => {
  t.timeout(PACKAGING_TIMEOUT_MS);
  await runPackaging('022');
  run('dpkg-deb', '--raw-extract', deb, unpacked);
});

test.after.always(() => rmSync(scratch, { recursive: true, force: true }));

test('the programs run from wherever the package is, by links too, and know the version', (t) => {
  for (const program of ['usr/sbin/lb-node', 'usr/sbin/real-server']) {
    t.is(run(join(unpacked, program), '--version'), `${VERSION}\n`);
  }
  t.regex(spawnSync(join(unpacked, 'usr/bin/weirctl'), ['version'], { encoding: 'utf8' }).stdout, /^weirctl 0\.0\.7\n/);
  const example = join(unpacked, 'usr/share/doc/weir/examples/weir.yaml');
  t.regex(run(join(unpacked, 'usr/sbin/lb-node'), '--check', '--config', example), /is valid: 1 services/);
});

test('the tarball runs behind a link of another name, and its units look for it in /opt/weir', (t) => {
  const parent = mkdtempSync(join(scratch, 'tarball-'));
  run('tar', '--extract', '--gzip', `--file=${tarball}`, `--directory=${parent}`);
  const [folder] = readdirSync(parent);
  t.is(folder, `weir-${VERSION}-linux-${process.arch}`);
  symlinkSync(folder ?? '', join(parent, 'weir'));
  t.is(run(join(parent, 'weir/bin/lb-node'), '--version'), `${VERSION}\n`);
  const unit = readFileSync(join(parent, 'weir/share/systemd/weir-node.service'), 'utf8');
  t.regex(unit, /^ExecStart=\/opt\/weir\/bin\/lb-node /m);
  t.notRegex(unit, /\/usr\/s?bin\/lb-node/);
});

test('nothing is in it that only developers need: no test, source, type or map', (t) => {
  const files = filesBelow(join(unpacked, 'usr/lib/weir'));
  t.deepEqual(
    files.filter((path) => /\.(test|spec|fixture)\.[cm]?js$|\.[cm]?ts$|\.map$|\.(c|cc|h|gyp)$/.test(path)),
    [],
  );
  t.deepEqual(
    files.filter((path) => path.includes('/test-support/')),
    [],
  );
});

test('each package in node_modules is one that production needs', (t) => {
  const lock = JSON.parse(readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const packaged = Object.keys(lock.packages).filter(
    (path) => path.startsWith('node_modules/') && isPackaged(join(path, 'package.json')),
  );
  t.true(packaged.includes('node_modules/koffi'), 'it has dependencies at all');
  t.deepEqual(
    packaged.filter((path) => lock.packages[path]?.dev === true),
    [],
  );
});

test('no file names the machine that made it', (t) => {
  const folders = readdirSync(CHECKOUT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const ofCheckout = [`${CHECKOUT.replace(/\/$/, '')}\0`, ...folders.map(({ name }) => `${CHECKOUT}${name}/`)];
  const naming = filesBelow(unpacked).filter((path) => {
    const content = readFileSync(path);
    return ofCheckout.some((name) => hasPath(content, name));
  });
  t.deepEqual(naming, []);
});

test('each shared library that a program in it is linked with comes with a package that it depends on', (t) => {
  const programs = filesBelow(unpacked).filter(isExecutableForThisMachine);
  t.true(programs.some((path) => path.endsWith('/bin/node')) && programs.some((path) => path.endsWith('koffi.node')));
  const known = /^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+))\.so/;
  for (const program of programs) {
    const linked = [...run('ldd', program).matchAll(/^\s*(?:\/\S*\/)?(\S+\.so\S*)(.*)$/gm)];
    t.deepEqual(
      linked.filter(([, name]) => !known.test(name ?? '')).map(([line]) => line),
      [],
      program,
    );
    t.deepEqual(
      linked.filter(([, , where]) => where?.includes('not found')),
      [],
      program,
    );
  }
  t.regex(control('Depends'), /\blibc6\b.*\blibgcc-s1\b.*\blibstdc\+\+6\b/);
  // What is loaded by its name, and what is run.
  t.regex(control('Depends'), /\blibbpf1\b/);
  t.regex(control('Depends'), /\blibsystemd0\b/);
  t.regex(control('Depends'), /\biproute2\b/);
});

test('an upgrade begins the daemons anew, and leaves the sessions of weir-gobgpd alone', (t) => {
  const postinst = readFileSync(join(unpacked, 'DEBIAN/postinst'), 'utf8');
  const [, names = ''] = /^daemons="(.*)"$/m.exec(postinst) ?? [];
  t.deepEqual(names.split(' '), ['weir-node.service', 'weir-real-server.service', 'weir-register.service']);
  t.deepEqual(postinst.match(/deb-systemd-invoke .*/g), ['deb-systemd-invoke try-restart $daemons >/dev/null || true']);
});

test('what an operator edits is kept on an upgrade, and the maintainer scripts are ones that a shell can read', (t) => {
  t.deepEqual(readFileSync(join(unpacked, 'DEBIAN/conffiles'), 'utf8').trim().split('\n').sort(), [
    '/etc/default/weir-gobgpd',
    '/etc/default/weir-real-server',
    '/etc/default/weir-register',
  ]);
  for (const script of ['postinst', 'prerm', 'postrm']) t.is(run('sh', '-n', join(unpacked, 'DEBIAN', script)), '');
});

test('the same sources give the same package, byte by byte, whatever the umask, and SHA256SUMS says which it is', async (t) => {
  t.timeout(PACKAGING_TIMEOUT_MS);
  const first = digest(deb);
  await runPackaging('077', '--only', 'deb');
  t.is(digest(deb), first);
  const sums = readFileSync(join(packages, 'SHA256SUMS'), 'utf8');
  t.true(sums.includes(`${first}  ${basename(deb)}\n`));
  t.true(sums.includes(`${digest(tarball)}  ${basename(tarball)}\n`));
});

async function runPackaging(umask: string, ...args: readonly string[]): Promise<void> {
  // In a folder of its own: what others have packaged in build/ stays as its checksums say.
  const packaging = ['scripts/package/package.mjs', '--version', VERSION, '--to', packages, ...args];
  await promisify(execFile)('sh', ['-c', 'umask "$0" && exec "$@"', umask, process.execPath, ...packaging], {
    cwd: CHECKOUT,
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
    timeout: PACKAGING_TIMEOUT_MS,
  });
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function isPackaged(path: string): boolean {
  return lstatSync(join(unpacked, 'usr/lib/weir', path), { throwIfNoEntry: false }) !== undefined;
}

/** Whether a path stands somewhere that begins with `name`; not one that has it within, as /opt/weir/packages/ has /weir/packages/. */
function hasPath(content: Buffer, name: string): boolean {
  for (let at = content.indexOf(name); at !== -1; at = content.indexOf(name, at + 1)) {
    if (at === 0 || !/[\w.-]/.test(String.fromCharCode(content[at - 1] as number))) return true;
  }
  return false;
}

/** ELF, and not for BPF. */
function isExecutableForThisMachine(path: string): boolean {
  return !path.endsWith('.bpf.o') && readFileSync(path).subarray(0, 4).equals(Buffer.from('\x7fELF'));
}

function control(field: string): string {
  return run('dpkg-deb', '--field', deb, field);
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
