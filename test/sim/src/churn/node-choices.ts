import { Choices } from './choices.js';
import type { Fleet } from './fleet.js';
import { type Machines, NOBODY } from './machines.js';
import type { Router } from './router.js';
import type { FoundNode, NodeChoice } from './shared-state-placement.js';

/** The node that the routers send a packet to has to do with it, and no other. */
export class RoutedNode implements NodeChoice {
  readonly tableBytes = 0;
  readonly #router: Router;
  #nodes: Machines | undefined;

  constructor(router: Router) {
    this.#router = router;
  }

  change({ nodes, routerSeed }: Fleet): void {
    this.#nodes = nodes;
    this.#router.apply(nodes.serving(), routerSeed);
  }

  find(flowHash: number, knowing: number): FoundNode {
    const node = this.#router.nodeOf(flowHash);
    return { node, knows: node === knowing && this.#nodes?.runs[node] === 1, hops: 0 };
  }
}

/** Second chance between nodes: whichever node gets a packet hands it to the choices of its row, until one knows the flow. */
export class OwnerNode implements NodeChoice {
  readonly #router: Router;
  readonly #choices: Choices;
  #nodes: Machines | undefined;

  constructor(router: Router, choices: number) {
    this.#router = router;
    this.#choices = new Choices(choices);
  }

  get tableBytes(): number {
    return this.#choices.bytes;
  }

  async change({ nodes, routerSeed }: Fleet): Promise<void> {
    this.#nodes = nodes;
    this.#router.apply(nodes.serving(), routerSeed);
    await this.#choices.change(nodes);
  }

  find(flowHash: number, knowing: number): FoundNode {
    // The other half of the hash than the one that chooses the member.
    const row = flowHash >>> 16;
    const first = this.#choices.at(row, 0);
    let at = this.#router.nodeOf(flowHash);
    let hops = 0;
    for (let choice = 0; choice < this.#choices.perRow; choice++) {
      const node = this.#choices.at(row, choice);
      // Nodes know which of them run, and leave the others out.
      if (node === NOBODY || this.#nodes?.runs[node] === 0) continue;
      if (node !== at) hops++;
      at = node;
      if (node === knowing || knowing === NOBODY) return { node, knows: node === knowing, hops };
    }
    return { node: first, knows: false, hops };
  }
}
