import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runStages } from './command.js';
import { removeAtExit } from './exit-cleanup.js';
import { LabError } from './lab-error.js';
import { type HostContext, LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import { waitForLinks } from './link-readiness.js';
import { namespaceOf, planTopology } from './plan-topology.js';
import { findProgram } from './program.js';
import { createRun, type Run, removeLeftovers, removeRun } from './run.js';
import type { Topology } from './topology.js';
import type { Deadline } from './wait-until.js';

const PASS_OBJECT = fileURLToPath(new URL('../obj/pass.bpf.o', import.meta.url));
const PROGRAMS = ['ip', 'nsenter', 'sysctl', 'ethtool'];

/**
 * A topology that is up, in network namespaces of this machine.
 *
 * It goes with its process at the latest: by disposal, on exit, on an error nobody caught, on SIGINT, SIGTERM and SIGHUP.
 * What a killed process left is removed by the next {@link Lab.start} of anybody.
 */
export class Lab implements AsyncDisposable {
  readonly topology: Topology;
  readonly #run: Run;
  readonly #hosts: ReadonlyMap<string, LabHost>;
  readonly #processes = new Set<LabProcess>();
  readonly #forget: () => void;
  #disposed = false;

  /**
   * Brings a topology up and returns when every interface can be used.
   *
   * @param deadline.signal  ends the start, not the lab that came of it
   * @throws LabError `LAB_NOT_ROOT`, `LAB_NO_NAMESPACES`, `LAB_PROGRAM_MISSING`, `LAB_NOT_BUILT`, `LAB_TOPOLOGY_INVALID`,
   *   `LAB_COMMAND_FAILED`; nothing is left of it then
   */
  static async start(topology: Topology, deadline: Deadline = {}): Promise<Lab> {
    assertLabIsPossible();
    removeLeftovers();
    const run = createRun();
    const forget = removeAtExit(run);
    try {
      const { links, stages } = planTopology(topology, { ...run, passObject: PASS_OBJECT });
      await runStages(stages, deadline.signal);
      const lab = new Lab(topology, run, links, forget);
      // A bridge without ports has no carrier; it would never come up.
      const linked = new Set(links.flatMap(({ from, to }) => [from.owner, to.owner]));
      await Promise.all([...linked].map((owner) => waitForLinks(namespaceOf(run.namespacePrefix, owner), deadline)));
      return lab;
    } catch (error) {
      removeRun(run);
      forget();
      throw error;
    }
  }

  private constructor(topology: Topology, run: Run, links: HostContext['links'], forget: () => void) {
    this.topology = topology;
    this.#run = run;
    this.#forget = forget;
    const context: HostContext = {
      run,
      links,
      adopt: (child) => {
        this.#processes.add(child);
        void child.closed.then(() => this.#processes.delete(child));
      },
      assertUp: () => {
        if (this.#disposed) throw new LabError('LAB_DISPOSED', `the lab ${topology.name} has been taken down`);
      },
    };
    this.#hosts = new Map(
      Object.entries(topology.hosts).map(([name, host]) => [name, new LabHost(name, host, context)]),
    );
  }

  /** Six hexadecimal digits that are in the names of all that the lab made. */
  get id(): string {
    return this.#run.id;
  }

  /** For configuration and logs; root owns it, others may read it. It goes with the lab. */
  get directory(): string {
    return this.#run.directory;
  }

  /** For BPF pins of programs in the lab. They go with the lab. Undefined where no bpffs can be mounted. */
  get bpffsDirectory(): string | undefined {
    return this.#run.bpffsDirectory;
  }

  /** @throws LabError `LAB_UNKNOWN_HOST` */
  host(name: string): LabHost {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    const names = [...this.#hosts.keys()].join(', ');
    throw new LabError('LAB_UNKNOWN_HOST', `the lab ${this.topology.name} has the hosts ${names}; found "${name}"`);
  }

  get hosts(): LabHost[] {
    return [...this.#hosts.values()];
  }

  /** Name of the network namespace of a switch, to capture in for instance. */
  switchNamespace(name: string): string {
    return namespaceOf(this.#run.namespacePrefix, name);
  }

  /**
   * Kills all processes of the lab and removes all that it made. A second time does nothing.
   *
   * @throws LabError `LAB_LEFTOVERS_REMAIN`; `LAB_DEADLINE_PASSED` when somebody outside of the lab holds the output of one
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const children = [...this.#processes];
    removeRun(this.#run);
    this.#forget();
    await Promise.all(children.map((child) => child.waitForEnd()));
  }
}

function assertLabIsPossible(): void {
  if (process.getuid?.() !== 0) {
    throw new LabError(
      'LAB_NOT_ROOT',
      `a lab needs root, to make network namespaces; this is user ${process.getuid?.()}`,
    );
  }
  if (!existsSync('/proc/self/ns/net')) {
    throw new LabError('LAB_NO_NAMESPACES', 'a lab needs a kernel with network namespaces (CONFIG_NET_NS)');
  }
  for (const program of PROGRAMS) findProgram(program);
  if (!existsSync(PASS_OBJECT)) {
    throw new LabError('LAB_NOT_BUILT', `the XDP program ${PASS_OBJECT} is not there: npm run build:bpf makes it`);
  }
}
