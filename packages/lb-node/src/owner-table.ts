import type { NodeConfig, NodesConfig } from '@weir/control';
import type { Owners } from '@weir/dataplane';
import { ChoiceTables, type Chosen } from './choice-tables.js';

/** The kernel asks three times, once a second, before it says that a neighbour is not there. */
const RESOLVE_MS = 2500;
/** The only table that is kept here. */
const NODES = 'nodes';

/** Which nodes have the state of a flow, from one configuration to the next; a change is computed by its difference. */
export class OwnerTable {
  readonly #tables = new ChoiceTables();
  /** By address, in ms; `seen`: its neighbour has been resolved. */
  readonly #awaitedSince = new Map<string, number | 'seen'>();

  /**
   * Makes the table; the event loop has its turn meanwhile.
   * @param reachable  nodes whose neighbour answers: another one is asked last, and begins nothing
   * @param nowMs      of a clock that is never set back
   */
  async prepare(config: NodeConfig, reachable: ReadonlySet<string>, nowMs: number): Promise<void> {
    const { nodes } = config;
    const gone = new Set(otherNodes(config).filter((address) => this.#isGone(address, reachable, nowMs)));
    await this.#tables.prepare(nodes === undefined ? [] : [chosenOf(nodes, (address) => !gone.has(address))]);
  }

  /** Who was there and is not; a new one has time to be resolved, or tables would differ between nodes for a moment. */
  #isGone(address: string, reachable: ReadonlySet<string>, nowMs: number): boolean {
    if (reachable.has(address)) {
      this.#awaitedSince.set(address, 'seen');
      return false;
    }
    const since = this.#awaitedSince.get(address) ?? nowMs;
    this.#awaitedSince.set(address, since);
    return since === 'seen' || nowMs - since >= RESOLVE_MS;
  }

  /** What was prepared, for this node; undefined: there are no others. */
  ownersFor({ node, nodes }: NodeConfig): Owners | undefined {
    if (nodes === undefined) return undefined;
    const { port, choices, hashKey, members } = nodes;
    return {
      port,
      choices,
      hashKey: Buffer.from(hashKey, 'hex'),
      nodes: members.map(({ address }) => address),
      self: members.findIndex(({ address }) => address === node.address || address === node.address6),
      rows: this.#tables.rowsOf({ name: NODES }),
    };
  }
}

/** Addresses that packets may be handed over to. */
export function otherNodes({ node, nodes }: NodeConfig): readonly string[] {
  const all = nodes?.members.map(({ address }) => address) ?? [];
  return all.filter((address) => address !== node.address && address !== node.address6);
}

function chosenOf({ seed, choices, members }: NodesConfig, isThere: (address: string) => boolean): Chosen {
  const nodes = members.map((member) => ({ ...member, weight: 1, healthy: isThere(member.address) }));
  return { name: NODES, secondChance: { seed, choices }, backends: nodes };
}
