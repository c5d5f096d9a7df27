import { copyFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CommandResult, type Deadline, LabError, type LabHost, type RunOptions, waitUntil } from '@weir/lab';
import { type BootedSystem, bootSystem, hasProcesses } from './boot-system.js';
import type { PackageRepository } from './package-repository.js';
import { parseUnitState, UNIT_PROPERTIES, type UnitState } from './unit-state.js';

/** What a machine is booted with. */
export interface MachineOptions {
  /** Where it installs packages from. */
  readonly repository: PackageRepository;
  /** Public keys with which root may log in by ssh, see {@link makeSshAccess}. Default: none. */
  readonly authorizedKeys?: readonly string[];
  /** Names of others for /etc/hosts, and their addresses. */
  readonly hosts?: Readonly<Record<string, string>>;
}

// What boots and installs beside other tests may get little of a core.
const BOOT_TIMEOUT_MS = 120_000;
const INSTALL_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 60_000;
const WAIT_TIMEOUT_MS = 60_000;
const DEBIAN_DIRECTORY = '/srv/packages/debian';
const ADDED_DIRECTORY = '/srv/packages/added';

/** Nothing of the environment of the tests. */
const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
  'DEBIAN_FRONTEND=noninteractive',
];

/**
 * A Debian machine on a host of a lab: systemd is its process 1, sshd listens, and its network is the host's. Its root is
 * that of {@link baseSystem}; what it writes goes with it. It ends with its lab, and with the process of the test.
 *
 * ```ts
 * const node1 = await Machine.boot(lab.host('node1'), { repository });
 * await node1.install(debFile);
 * await node1.writeFile('/etc/weir/weir.yaml', stringify(document));
 * await node1.output('systemctl', ['start', 'weir-node']);
 * ```
 */
export class Machine implements AsyncDisposable {
  private constructor(
    readonly host: LabHost,
    readonly system: BootedSystem,
  ) {}

  /**
   * Resolves when systemd has started all that is enabled.
   *
   * @throws LabError `LAB_PROCESS_ENDED`, `LAB_DEADLINE_PASSED`, `LAB_COMMAND_FAILED` naming the units that failed
   */
  static async boot(host: LabHost, { repository, authorizedKeys = [], hosts = {} }: MachineOptions): Promise<Machine> {
    const system = await bootSystem(host, repository.base.root, {
      [DEBIAN_DIRECTORY]: repository.base.packages,
      [ADDED_DIRECTORY]: repository.directory,
    });
    const machine = new Machine(host, system);
    await machine.output('hostname', [host.name]);
    await machine.writeFile('/etc/hostname', host.name);
    await machine.writeFile('/etc/hosts', hostsFile({ localhost: '127.0.0.1', [host.name]: '127.0.1.1', ...hosts }));
    await machine.writeFile('/root/.ssh/authorized_keys', authorizedKeys.join('\n'));
    await machine.writeFile('/etc/apt/sources.list', [DEBIAN_DIRECTORY, ADDED_DIRECTORY].map(sourceLine).join('\n'));
    await machine.#waitUntilUp();
    await machine.output('apt-get', ['-qq', 'update'], { timeoutMs: INSTALL_TIMEOUT_MS });
    return machine;
  }

  get name(): string {
    return this.host.name;
  }

  /**
   * Runs a program on the machine to its end, as root, whatever its exit code.
   *
   * @throws LabError `LAB_COMMAND_TIMED_OUT` (60 s by default)
   */
  async run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<CommandResult> {
    return await this.host.run('nsenter', this.#inside(program, args), { timeoutMs: RUN_TIMEOUT_MS, ...options });
  }

  /**
   * Runs a program on the machine that must exit with 0.
   *
   * @returns its standard output
   * @throws LabError `LAB_COMMAND_FAILED` with what it said, and as {@link run}
   */
  async output(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return await this.host.output('nsenter', this.#inside(program, args), { timeoutMs: RUN_TIMEOUT_MS, ...options });
  }

  /** Writes a file that ends with a line feed, of mode 0644, and the directories that it needs. */
  async writeFile(path: string, text: string): Promise<void> {
    // By a program inside: a path of the machine, followed from outside, leaves it by the first absolute symbolic link.
    const script = 'mkdir -p "$(dirname "$0")" && cat > "$0.new" && mv "$0.new" "$0"';
    await this.output('sh', ['-c', script, path], { input: [text.replace(/\n$/, '')] });
  }

  /** @throws LabError `LAB_COMMAND_FAILED` when there is no such file */
  async readFile(path: string): Promise<string> {
    return await this.output('cat', [path]);
  }

  /** Whether something is there, be it a symbolic link to nothing. */
  async exists(path: string): Promise<boolean> {
    const { code } = await this.run('sh', ['-c', 'test -e "$0" || test -L "$0"', path]);
    return code === 0;
  }

  /**
   * Installs a Debian package from a file of this machine's, and what it depends on, as `apt install ./FILE` does.
   *
   * @returns what apt said
   * @throws LabError `LAB_COMMAND_FAILED` with what it said, as when a dependency is in no repository
   */
  async install(debFile: string): Promise<string> {
    const inside = `/root/${basename(debFile)}`;
    await copyFile(debFile, `/proc/${this.system.pid}/root${inside}`);
    const said = await this.#apt(['install', inside]);
    await this.output('rm', [inside]);
    return said;
  }

  /** Installs packages by name from the repository, as it is now. */
  async installByName(...names: readonly string[]): Promise<string> {
    await this.output('apt-get', ['-qq', 'update'], { timeoutMs: INSTALL_TIMEOUT_MS });
    return await this.#apt(['install', ...names]);
  }

  /** What systemd says of a unit; one that does not exist has the `loadState` `not-found`. */
  async unit(name: string): Promise<UnitState> {
    return parseUnitState(await this.output('systemctl', ['show', `--property=${UNIT_PROPERTIES.join()}`, name]));
  }

  /**
   * Waits until a unit is as wanted.
   *
   * @param wanted  default: it is active
   * @throws LabError `LAB_DEADLINE_PASSED` (60 s by default) with its state and the end of its journal
   */
  async waitForUnit(
    name: string,
    wanted: (state: UnitState) => boolean = ({ activeState }) => activeState === 'active',
    deadline: Deadline = {},
  ): Promise<UnitState> {
    const check = async () => {
      const state = await this.unit(name);
      return wanted(state) ? state : undefined;
    };
    return await waitUntil(`${name} on ${this.name}`, check, {
      timeoutMs: WAIT_TIMEOUT_MS,
      intervalMs: 100,
      ...deadline,
    }).catch(async (error: unknown) => {
      if (!(error instanceof LabError && error.code === 'LAB_DEADLINE_PASSED')) throw error;
      const said = (await this.journal(name)).split('\n').slice(-20).join('\n');
      const message = `${error.message}; it is ${JSON.stringify(await this.unit(name))} and said\n${said}`;
      throw new LabError('LAB_DEADLINE_PASSED', message, { cause: error });
    });
  }

  /** What a unit has written, and systemd of it, oldest first, without times. */
  async journal(unit: string): Promise<string> {
    return await this.output('journalctl', ['--no-pager', '--quiet', '--output=cat', `--unit=${unit}`]);
  }

  /** Resolves when the machine is off: at once, as without power. Its host can boot another one then. */
  async stop(): Promise<void> {
    await this.system.process.stop('SIGKILL', WAIT_TIMEOUT_MS);
    await waitUntil(`the processes of ${this.name} to end`, () => !hasProcesses(this.system) || undefined, {
      timeoutMs: WAIT_TIMEOUT_MS,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #apt(args: readonly string[]): Promise<string> {
    return await this.output('apt-get', ['-y', ...args], { timeoutMs: INSTALL_TIMEOUT_MS });
  }

  async #waitUntilUp(): Promise<void> {
    const wait = ['is-system-running', '--wait'];
    const state = (await this.run('systemctl', wait, { timeoutMs: BOOT_TIMEOUT_MS })).stdout.trim();
    if (state === 'running') return;
    const failed = await this.output('systemctl', ['list-units', '--failed', '--plain', '--no-legend']);
    throw new LabError('LAB_COMMAND_FAILED', `${this.name} is ${state} after its start; failed:\n${failed}`);
  }

  #inside(program: string, args: readonly string[]): string[] {
    const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--cgroup'];
    return [`--target=${this.system.pid}`, ...namespaces, 'env', '-i', ...ENVIRONMENT, program, ...args];
  }
}

function hostsFile(addresses: Readonly<Record<string, string>>): string {
  return Object.entries(addresses)
    .map(([name, address]) => `${address}\t${name}`)
    .join('\n');
}

function sourceLine(directory: string): string {
  return `deb [trusted=yes] file:${directory} ./`;
}
