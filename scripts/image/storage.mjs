import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const LINES_OF_FAILURE = 30;

/**
 * A store of images that is this checkout's own, and buildah on it.
 *
 * @param folder  keeps images and layers: a second build takes from it what has not changed
 */
export class ImageStorage {
  #options;
  /** Whether the steps of a build are worth keeping for the next one: below `vfs` each would be a copy of the whole image. */
  isLayered;

  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    const places = ['--root', resolve(folder, 'storage'), '--runroot', resolve(folder, 'run')];
    const driver = driverFor(places);
    this.#options = [...places, '--storage-driver', driver];
    this.isLayered = driver === 'overlay';
  }

  /**
   * Runs buildah to its end.
   *
   * @returns its standard output, trimmed
   * @throws Error with the last of what it said
   */
  run(...args) {
    const { status, error, stdout, stderr } = spawnSync('buildah', [...this.#options, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // No daemon, no namespaces, no cgroups are needed to run the steps of a build: a changed root will do.
      env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
      maxBuffer: 1 << 26,
    });
    if (status === 0) return stdout.trim();
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-LINES_OF_FAILURE).join('\n');
    throw new Error(`buildah ${args[0]} failed${error === undefined ? '' : ` (${error.message})`}:\n${said}`);
  }

  has(image) {
    return this.run('images', '--quiet', '--filter', `reference=${image}`) !== '';
  }
}

/** Overlay file systems, except below one, as in containers: there each layer is a copy. */
function driverFor(places) {
  const overlay = spawnSync('buildah', [...places, '--storage-driver', 'overlay', 'info'], { stdio: 'ignore' });
  if (overlay.error !== undefined)
    throw new Error(`buildah can't be run (Debian package buildah): ${overlay.error.message}`);
  return overlay.status === 0 ? 'overlay' : 'vfs';
}
