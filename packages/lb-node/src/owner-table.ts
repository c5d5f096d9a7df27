import type { NodeConfig, NodesConfig } from '@weir/control';
import type { Owners } from '@weir/dataplane';
import { ChoiceTables, type Chosen } from './choice-tables.js';

/** The only table that is kept here. */
const NODES = 'nodes';

/** Which nodes have the state of a flow, from one configuration to the next; a change is computed by its difference. */
export class OwnerTable {
  readonly #tables = new ChoiceTables();

  /**
   * Makes the table; the event loop has its turn meanwhile.
   * @param reachable  nodes whose neighbour answers: another one is asked last, and begins nothing
   */
  async prepare(config: NodeConfig, reachable: ReadonlySet<string>): Promise<void> {
    const { nodes } = config;
    const others = new Set(otherNodes(config));
    const isThere = (address: string) => !others.has(address) || reachable.has(address);
    await this.#tables.prepare(nodes === undefined ? [] : [chosenOf(nodes, isThere)]);
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
