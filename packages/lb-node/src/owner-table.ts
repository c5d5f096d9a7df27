import type { NodeConfig, NodesConfig } from '@weir/control';
import type { Owners } from '@weir/dataplane';
import { ChoiceTables, type Chosen } from './choice-tables.js';
import { rowsWithout } from './rows-without.js';

/** The kernel asks three times, once a second, before it says that a neighbour is not there. */
const RESOLVE_MS = 2500;
/** The only table that is kept here. */
const NODES = 'nodes';

interface PreparedRows {
  /** With everybody: another one whenever a node comes, goes or moves. */
  readonly all: Uint16Array;
  readonly withoutGone: Uint16Array;
}

/**
 * Which nodes have the state of a flow, from one configuration to the next; a change is computed by its difference. Who is
 * gone is asked by nobody: what is handed over to it is lost, and never gets to the store of shared flows.
 */
export class OwnerTable {
  readonly #tables = new ChoiceTables();
  #prepared: PreparedRows | undefined;
  /** By address, in ms; `seen`: its neighbour has been resolved. */
  readonly #awaitedSince = new Map<string, number | 'seen'>();

  /**
   * Makes the table; the event loop has its turn meanwhile.
   * @param reachable  nodes whose neighbour answers: another one is in no row once it is gone
   * @param nowMs      of a clock that is never set back
   */
  async prepare(config: NodeConfig, reachable: ReadonlySet<string>, nowMs: number): Promise<void> {
    const { nodes } = config;
    const gone = new Set(otherNodes(config).filter((address) => this.#isGone(address, reachable, nowMs)));
    await this.#tables.prepare(nodes === undefined ? [] : [chosenOf(nodes, (address) => !gone.has(address))]);
    this.#prepared = nodes === undefined ? undefined : this.#leaveOut(gone, config, nodes);
  }

  /** The table itself keeps who is gone, so that its return is hashed by nobody. */
  #leaveOut(gone: ReadonlySet<string>, { node }: NodeConfig, nodes: NodesConfig): PreparedRows {
    const all = this.#tables.rowsOf({ name: NODES });
    if (all === this.#prepared?.all) return this.#prepared;
    if (gone.size === 0) return { all, withoutGone: all };
    const indexes = nodes.members.flatMap(({ address }, index) => (gone.has(address) ? [index] : []));
    return { all, withoutGone: rowsWithout(all, indexes, ownIndex(node, nodes)) };
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
    if (nodes === undefined || this.#prepared === undefined) return undefined;
    const { port, choices, hashKey, members } = nodes;
    return {
      port,
      choices,
      hashKey: Buffer.from(hashKey, 'hex'),
      nodes: members.map(({ address }) => address),
      self: ownIndex(node, nodes),
      rows: this.#prepared.withoutGone,
    };
  }
}

/** Addresses that packets may be handed over to. */
export function otherNodes({ node, nodes }: NodeConfig): readonly string[] {
  const all = nodes?.members.map(({ address }) => address) ?? [];
  return all.filter((address) => address !== node.address && address !== node.address6);
}

/** That this node is a member was checked when the configuration was read. */
function ownIndex(node: NodeConfig['node'], { members }: NodesConfig): number {
  return members.findIndex(({ address }) => address === node.address || address === node.address6);
}

function chosenOf({ seed, choices, members }: NodesConfig, isThere: (address: string) => boolean): Chosen {
  const nodes = members.map((member) => ({ ...member, weight: 1, healthy: isThere(member.address) }));
  return { name: NODES, secondChance: { seed, choices }, backends: nodes };
}
