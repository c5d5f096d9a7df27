import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOutside } from './outside.js';

/** A Debian tree to boot machines from, and packages that they can install. Both are only read. */
export interface BaseSystem {
  readonly root: string;
  /** Debian packages with all that they depend on beyond the tree, and the index `Packages` of them. */
  readonly packages: string;
}

const CACHE = fileURLToPath(new URL('../../../build/deploy-lab', import.meta.url));
const SUITE = 'bookworm';
const FALLBACK_MIRROR = 'http://deb.debian.org/debian';
/** Downloads 100 MB, and unpacks 300. */
const TIMEOUT_MS = 10 * 60_000;

/**
 * What a server has when its provider hands it over, and no more: a dependency that Weir's package does not declare is
 * missing here. python3-apt is what Ansible's apt module needs, and fetches itself where it can.
 */
const INSTALLED = [
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'python3',
  'python3-apt',
  'sudo',
  'iproute2',
  'iputils-ping',
  'procps',
  'kmod',
  'ca-certificates',
];

/** What machines may install. They have no way to the mirrors. */
const INSTALLABLE = [
  'curl',
  'etcd-client',
  'etcd-server',
  'ethtool',
  'gobgpd',
  'keepalived',
  'libbpf1',
  'nginx-light',
  'redis-server',
  'rsyslog',
];

/** Timers that would act in the middle of a test, and what has no hardware to act upon. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
];

/**
 * The base system of this project; made in a minute when it is asked for the first time, then taken from build/deploy-lab.
 *
 * @throws LabError `LAB_COMMAND_FAILED` with what mmdebstrap said, as when no mirror can be reached
 */
export async function baseSystem(): Promise<BaseSystem> {
  const key = createHash('sha256')
    .update(JSON.stringify([SUITE, INSTALLED, INSTALLABLE, MASKED]))
    .digest('hex');
  const directory = join(CACHE, key.slice(0, 12));
  if (!existsSync(directory)) await build(directory);
  return { root: join(directory, 'root'), packages: join(directory, 'packages') };
}

async function build(directory: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, '.new-'));
  try {
    await mkdir(join(unfinished, 'packages', 'partial'), { recursive: true });
    await debootstrap(unfinished);
    await rm(join(unfinished, 'packages', 'partial'), { recursive: true });
    await writeIndex(join(unfinished, 'packages'));
    await rename(unfinished, directory).catch((error: NodeJS.ErrnoException) => {
      // Another process was quicker, and its tree is the same.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function debootstrap(unfinished: string): Promise<void> {
  const download = [
    'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -y --no-install-recommends --download-only',
    `-o Dir::Cache::archives="${join(unfinished, 'packages')}" install ${INSTALLABLE.join(' ')}`,
  ].join(' ');
  const mask = MASKED.map((unit) => `ln -sf /dev/null "$1/etc/systemd/system/${unit}"`).join(' && ');
  await runOutside(
    'mmdebstrap',
    [
      '--quiet',
      '--mode=root',
      '--variant=minbase',
      '--format=directory',
      `--include=${INSTALLED.join(',')}`,
      `--customize-hook=${download}`,
      `--customize-hook=${mask}`,
      SUITE,
      join(unfinished, 'root'),
      `deb ${await mirror()} ${SUITE} main`,
    ],
    { timeoutMs: TIMEOUT_MS },
  );
}

/** The mirror that this machine's apt uses, where it uses this suite. */
async function mirror(): Promise<string> {
  const format = '$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)';
  const targets = await runOutside('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const found = targets.split('\n').find((line) => line.startsWith(`Debian ${SUITE} main `));
  return found?.split(' ')[3] ?? FALLBACK_MIRROR;
}

/** Writes `Packages`, which makes a directory with Debian packages a repository that apt reads. */
export async function writeIndex(directory: string): Promise<void> {
  const index = await runOutside('dpkg-scanpackages', ['--multiversion', '.'], { cwd: directory });
  // Renamed into place: apt may be reading the index.
  await writeFile(join(directory, 'Packages.new'), index);
  await rename(join(directory, 'Packages.new'), join(directory, 'Packages'));
}
