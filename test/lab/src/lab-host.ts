import { join } from 'node:path';
import {
  type CommandOptions,
  type CommandResult,
  inNamespace,
  ipBatch,
  runCommand,
  runCommandOrThrow,
} from './command.js';
import { makeControlGroup } from './control-groups.js';
import { LabError } from './lab-error.js';
import { LabProcess } from './lab-process.js';
import { waitForLinks } from './link-readiness.js';
import { killProcessesIn, processesIn } from './namespace-process.js';
import { namespaceOf, type PlannedInterface, type PlannedLink, routeLines } from './plan-topology.js';
import { recordProcess } from './process-record.js';
import { findProgram } from './program.js';
import type { Run } from './run.js';
import type { Host } from './topology.js';

/** How a program is started that runs on. */
export interface SpawnOptions {
  /** For messages and the log's name. Default: the program's name. */
  readonly name?: string;
  /** Default: `HOST-NAME.log` in the lab's directory, which goes with the lab. */
  readonly logFile?: string;
  /** Default: the lab's directory. */
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An interface of a host and its cable. */
export interface LabLink {
  readonly name: string;
  /** Addresses as the topology gives them, in CIDR notation, those of its VLANs last. */
  readonly addresses: readonly string[];
  readonly mtuBytes: number;
  /** Pulls the cable. In a switch its port goes down; between two hosts this host's interface does. */
  down(): Promise<void>;
  /** Plugs it in again; the host's static routes are there afterwards. */
  up(): Promise<void>;
}

/** What a host needs to know of its lab. */
export interface HostContext {
  readonly run: Run;
  readonly links: readonly PlannedLink[];
  readonly adopt: (child: LabProcess) => void;
  readonly assertUp: () => void;
}

/** A machine of a lab that is up. */
export class LabHost {
  readonly namespace: string;
  readonly links: readonly LabLink[];
  readonly #context: HostContext;
  readonly #record = (pid: number) => recordProcess(this.directory, pid);

  constructor(
    readonly name: string,
    readonly specification: Host,
    context: HostContext,
  ) {
    this.#context = context;
    this.namespace = namespaceOf(context.run.namespacePrefix, name);
    this.links = context.links.flatMap(({ from, to }) => [
      ...(from.owner === name ? [this.#link(from, to)] : []),
      ...(to.owner === name ? [this.#link(to, from)] : []),
    ]);
  }

  /** Directory of the lab, for configuration and logs. */
  get directory(): string {
    return this.#context.run.directory;
  }

  /**
   * First address of a family, without the prefix length.
   *
   * @throws LabError `LAB_TOPOLOGY_INVALID` when the topology gives it none
   */
  address(family: 'ipv4' | 'ipv6'): string {
    const found = this.links
      .flatMap(({ addresses }) => addresses)
      .find((address) => address.includes(':') === (family === 'ipv6'));
    if (found === undefined) throw new LabError('LAB_TOPOLOGY_INVALID', `${this.name} has no ${family} address`);
    return found.slice(0, found.indexOf('/'));
  }

  /** One of the links by the name of its interface; without a name the only one. */
  link(name?: string): LabLink {
    const found = name === undefined ? this.links[0] : this.links.find((link) => link.name === name);
    if (found !== undefined && (name !== undefined || this.links.length === 1)) return found;
    const names = this.links.map((link) => link.name).join(', ') || 'none';
    throw new LabError('LAB_UNKNOWN_HOST', `${this.name} has the links ${names}; expected one of them, found ${name}`);
  }

  /**
   * Runs a program to its end, whatever its exit code.
   *
   * @throws LabError `LAB_PROGRAM_MISSING`, `LAB_COMMAND_TIMED_OUT` (30 s by default)
   */
  async run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<CommandResult> {
    return await runCommand(this.#command(program, args, options), options, this.#record);
  }

  /**
   * Runs a program that must exit with 0.
   *
   * @returns its standard output
   * @throws LabError `LAB_COMMAND_FAILED` with what it said, and as {@link run}
   */
  async output(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    return await runCommandOrThrow(this.#command(program, args, options), options, this.#record);
  }

  /**
   * Starts a program that runs on; it ends with the lab at the latest.
   *
   * @throws LabError `LAB_PROGRAM_MISSING`
   */
  spawn(program: string, args: readonly string[] = [], options: SpawnOptions = {}): LabProcess {
    this.#context.assertUp();
    const { name = program.slice(program.lastIndexOf('/') + 1), cwd = this.directory, env = {} } = options;
    const logFile = options.logFile ?? join(this.directory, `${this.name}-${name}.log`);
    const child = new LabProcess({
      host: this.name,
      namespace: this.namespace,
      program,
      args,
      name,
      logFile,
      cwd,
      env,
    });
    this.#record(child.pid);
    this.#context.adopt(child);
    return child;
  }

  /**
   * Makes a control group (version 2) for processes of the host. It goes with the lab.
   *
   * @returns its directory
   * @throws LabError `LAB_NO_CGROUP2`
   */
  makeControlGroup(): string {
    this.#context.assertUp();
    return makeControlGroup(this.namespace);
  }

  /** All processes in the host now, children of children included. */
  pids(): number[] {
    return processesIn([this.namespace]);
  }

  /**
   * Dies as a machine without power does: it is off the network first, so that no peer gets a FIN or a reset, and then
   * all its processes are killed. Its links stay down until they are put up.
   */
  async crash(): Promise<void> {
    await Promise.all(this.links.map((link) => link.down()));
    killProcessesIn([this.namespace]);
  }

  #command(program: string, args: readonly string[], { input }: RunOptions) {
    this.#context.assertUp();
    const command = { program: findProgram(program), args };
    return inNamespace(this.namespace, input === undefined ? command : { ...command, input });
  }

  #link(own: PlannedInterface, far: PlannedInterface): LabLink {
    const end = far.isSwitchPort ? far : own;
    const namespace = namespaceOf(this.#context.run.namespacePrefix, end.owner);
    const set = async (state: 'up' | 'down') => {
      this.#context.assertUp();
      await runCommandOrThrow(inNamespace(namespace, ipBatch([`link set dev ${end.name} ${state}`])));
    };
    return {
      name: own.name,
      addresses: [...own.addresses, ...own.vlans.flatMap(({ addresses }) => addresses)],
      mtuBytes: own.mtuBytes,
      down: () => set('down'),
      up: async () => {
        await set('up');
        await waitForLinks(namespace, {}, end.name);
        await waitForLinks(this.namespace, {}, own.name);
        const routes = routeLines(this.specification, 'replace');
        if (routes.length > 0) await runCommandOrThrow(inNamespace(this.namespace, ipBatch(routes)));
      },
    };
  }
}

/** How a program is run to its end. */
export interface RunOptions extends CommandOptions {
  /** Lines for its standard input. */
  readonly input?: readonly string[];
}
