import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult, LabHost, LabProcess, ProcessEnd, RunOptions } from '@weir/lab';
import { type BuiltImage, builtImage } from './built-image.js';
import type { ImageRun } from './image-run.js';
import { type OciConfig, ociConfig } from './oci-config.js';

/**
 * Runs a container of the image by crun, on the network of a lab's host as `hostNetwork` does, with a root that only can be read,
 * /proc/sys read-only as container runtimes have it, and without cgroups. It ends with the lab at the latest.
 *
 * @param image  default: what is built here
 * @throws LabError `LAB_PROGRAM_MISSING`, and as {@link builtImage}
 */
export async function runImage(host: LabHost, options: ImageRun, image?: BuiltImage): Promise<ImageContainer> {
  const config = ociConfig(image ?? (await builtImage()), options);
  const name = options.name ?? (config.process.args[0] ?? '').replace(/^.*\//, '');
  const bundle = join(host.directory, `container-${host.name}-${name}`);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  return new ImageContainer(host, name, bundle, config);
}

/** crun wants either kind of cgroups; a machine may have both, even though containers here have none of their own. */
const IN_CGROUP2 = ['--mount', 'sh', '-c', 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec crun "$@"', 'crun'];

/** A container that was started. */
export class ImageContainer implements AsyncDisposable {
  /** Its program, and what it prints. Signals reach the program; its exit code is the program's. */
  readonly process: LabProcess;
  readonly #host: LabHost;
  readonly #crun: readonly string[];
  readonly #id: string;
  readonly #bundle: string;
  readonly #config: OciConfig;

  constructor(host: LabHost, name: string, bundle: string, config: OciConfig) {
    this.#host = host;
    this.#bundle = bundle;
    this.#config = config;
    this.#id = `${host.namespace}-${name}`;
    this.#crun = [...IN_CGROUP2, '--root', join(host.directory, 'crun'), '--cgroup-manager=disabled'];
    this.process = host.spawn('unshare', [...this.#crun, 'run', '--bundle', bundle, this.#id], { name });
  }

  /** Runs a program in the container to its end, with the container's user and capabilities, as `exec` of a probe does. */
  async exec(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const file = join(this.#bundle, `exec-${randomUUID()}.json`);
    writeFileSync(file, JSON.stringify({ ...this.#config.process, args: command }));
    return await this.#host.run('unshare', [...this.#crun, 'exec', '--process', file, this.#id], options);
  }

  /** Ends it as a container runtime does: SIGTERM, and SIGKILL after a while. */
  async stop(timeoutMs = 30_000): Promise<ProcessEnd> {
    return await this.process.stop('SIGTERM', timeoutMs);
  }

  /** Ends all of its processes at once, as a crash does, and resolves when they are gone. */
  async kill(): Promise<void> {
    await this.#host.output('unshare', [...this.#crun, 'kill', this.#id, 'SIGKILL']);
    await this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
