import type { WeirNode } from './weir-daemons.js';

/** With what lb-node ends when a rollout restarts it: `RestartForceExitStatus` of its unit. */
const RESTART_EXIT_CODE = 75;

/** Does for nodes what systemd does by their unit: a daemon that ends for a restart is started again. */
export class NodeSupervisor implements Disposable {
  readonly #restarts = new Map<string, number>();
  #isStopped = false;

  /** @param nodes  whose daemons run */
  constructor(nodes: readonly WeirNode[]) {
    // A daemon that does not come back is missed by who waits for it.
    for (const node of nodes) void this.#watch(node).catch(() => {});
  }

  /** How often the daemon of each node was started again; nodes that never were are not in it. */
  get restarts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#restarts].sort());
  }

  /** Starts nothing again from now on. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
  }

  async #watch(node: WeirNode): Promise<void> {
    for (;;) {
      const { code } = await node.process.exited;
      if (this.#isStopped || code !== RESTART_EXIT_CODE) return;
      const { name } = node.host;
      this.#restarts.set(name, (this.#restarts.get(name) ?? 0) + 1);
      await node.start();
    }
  }
}
