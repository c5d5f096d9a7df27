import type { WeirNode } from './weir-daemons.js';

/**
 * Does for nodes what systemd does by their unit: a daemon that crashed, or that a rollout restarts (exit code 75), is started
 * again; one that ended as asked is not.
 */
export class NodeSupervisor implements Disposable {
  readonly #restarts = new Map<string, number>();
  readonly #heldBack = new Map<string, Promise<void>>();
  #isStopped = false;

  /** @param nodes  whose daemons run */
  constructor(nodes: readonly WeirNode[]) {
    for (const node of nodes) void this.#watch(node);
  }

  /** How often the daemon of each node was started again; nodes that never were are not in it. */
  get restarts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#restarts].sort());
  }

  /** Starts the daemon of this node again no sooner than what is returned is called. */
  holdBack(node: string): () => void {
    let release: () => void = () => {};
    this.#heldBack.set(
      node,
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return release;
  }

  /** Starts nothing again from now on. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
  }

  async #watch(node: WeirNode): Promise<void> {
    for (;;) {
      const { code } = await node.process.exited;
      if (this.#isStopped || code === 0) return;
      const { name } = node.host;
      await this.#heldBack.get(name);
      if (this.#isStopped) return;
      this.#restarts.set(name, (this.#restarts.get(name) ?? 0) + 1);
      // One that takes long to be ready runs all the same.
      await node.start().catch(() => {});
    }
  }
}
