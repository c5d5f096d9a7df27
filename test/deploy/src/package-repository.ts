import { chmod, copyFile, mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Lab } from '@weir/lab';
import { type BaseSystem, baseSystem, writeIndex } from './base-system.js';

/**
 * Where the machines of a lab install from, as they have no way to the mirrors: packages of Debian (see
 * base-system.ts), and those that the test adds. Machines see both as directories, and their apt as repositories.
 *
 * ```ts
 * const repository = await PackageRepository.create(lab);
 * await repository.add(debFile);
 * const machine = await Machine.boot(lab.host('node1'), { repository });
 * await machine.output('apt-get', ['install', '-y', 'weir', 'etcd-server']);
 * ```
 */
export class PackageRepository {
  private constructor(
    readonly base: BaseSystem,
    /** Where the packages are that the test added. It goes with the lab. */
    readonly directory: string,
  ) {}

  /** @throws as {@link baseSystem} does */
  static async create(lab: Lab): Promise<PackageRepository> {
    const base = await baseSystem();
    const directory = await mkdtemp(join(lab.directory, 'packages-'));
    // apt reads it as a user of its own.
    await chmod(directory, 0o755);
    await writeIndex(directory);
    return new PackageRepository(base, directory);
  }

  /** Adds a package. Machines that are up learn of it by `apt-get update`. */
  async add(debFile: string): Promise<void> {
    await copyFile(debFile, join(this.directory, basename(debFile)));
    await writeIndex(this.directory);
  }
}
