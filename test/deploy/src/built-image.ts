import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOutside } from './outside.js';
import { newestBelow, WEIR_VERSION } from './weir-package.js';

/** The image of an OCI archive, unpacked as a container runtime would. */
export interface BuiltImage {
  /** The root of its containers; only to be read. */
  readonly root: string;
  readonly config: ImageConfig;
  /** The bill of materials that was written beside the archive. */
  readonly sbomFile: string;
}

/** OCI Image Configuration, `config`. */
export interface ImageConfig {
  /** `UID:GID`. */
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Labels: Readonly<Record<string, string>>;
}

const BUILD = fileURLToPath(new URL('../../../build', import.meta.url));
const CHECKOUT = dirname(BUILD);
const MADE_OF = [
  'packages',
  'deploy/container',
  'scripts/image',
  'scripts/package',
  'package.json',
  'package-lock.json',
];
/** Downloads 100 MB where nothing is cached. */
const TIMEOUT_MS = 10 * 60_000;
/** Made by one, while others wait. */
const LOCK = join(CHECKOUT, 'scripts/image/image.mjs');

/**
 * The image of what is built here, as `npm run image -- --base local` makes it; made again only when something changed since.
 *
 * @throws LabError `LAB_COMMAND_FAILED` with what the build said
 */
export async function builtImage(): Promise<BuiltImage> {
  const archive = join(BUILD, `weir-${WEIR_VERSION}-oci.tar`);
  const newest = Math.max(...MADE_OF.map((path) => newestBelow(join(CHECKOUT, path))));
  const isCurrent = () => (statSync(archive, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest;
  if (!isCurrent()) {
    const build = [process.execPath, 'scripts/image/image.mjs', '--base', 'local'];
    await runOutside('flock', [LOCK, ...build], { cwd: CHECKOUT, timeoutMs: TIMEOUT_MS });
  }
  return { ...(await unpacked(archive)), sbomFile: archive.replace(/\.tar$/, '.cdx.json') };
}

interface Descriptor {
  readonly digest: string;
}

/** @see OCI Image Layout Specification */
async function unpacked(archive: string): Promise<Pick<BuiltImage, 'root' | 'config'>> {
  const roots = join(BUILD, 'image', 'roots');
  await mkdir(roots, { recursive: true });
  const work = await mkdtemp(join(roots, '.new-'));
  try {
    await runOutside('tar', ['--extract', '--file', archive, '--directory', work]);
    const blob = ({ digest }: Descriptor) => join(work, 'blobs', digest.replace(':', '/'));
    const read = <Document>(file: string) => JSON.parse(readFileSync(file, 'utf8')) as Document;
    const [first] = read<{ manifests: Descriptor[] }>(join(work, 'index.json')).manifests;
    const manifest = read<{ config: Descriptor; layers: Descriptor[] }>(blob(first as Descriptor));
    const { config } = read<{ config: ImageConfig }>(blob(manifest.config));
    const root = join(roots, manifest.config.digest.slice('sha256:'.length, 'sha256:'.length + 12));
    if (!existsSync(root)) {
      const unfinished = join(work, 'root');
      await mkdir(unfinished);
      for (const layer of manifest.layers) await addLayer(blob(layer), unfinished);
      await rename(unfinished, root).catch((error: NodeJS.ErrnoException) => {
        // Another process was quicker, and its tree is the same.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    }
    return { root, config };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A file `.wh.NAME` says that NAME of the layers below is gone, `.wh..wh..opq` that all of its folder is (OCI Image Layer). */
async function addLayer(layer: string, root: string): Promise<void> {
  const names = (await runOutside('tar', ['--list', '--gzip', '--file', layer])).split('\n');
  for (const [, folder = '', gone = ''] of names.flatMap((name) => [/^(.*\/)?\.wh\.(.+)$/.exec(name) ?? []])) {
    if (gone !== '') await rm(join(root, folder, gone === '.wh..opq' ? '.' : gone), { recursive: true, force: true });
    if (gone === '.wh..opq') await mkdir(join(root, folder));
  }
  // Capabilities of files are extended attributes.
  const attributes = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--preserve-permissions'];
  const what = ['--extract', '--gzip', '--file', layer, '--directory', root, '--exclude=.wh.*', '--exclude=dev/*'];
  await runOutside('tar', [...what, ...attributes], { timeoutMs: TIMEOUT_MS });
}
