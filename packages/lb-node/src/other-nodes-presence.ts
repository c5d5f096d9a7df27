import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type FlowStore, openPresence, type Presence } from '@weir/state-sync';
import { otherNodes } from './owner-table.js';

/** What the presence of nodes is seen by. */
export interface OtherNodesPresenceOptions {
  readonly store: FlowStore;
  readonly nodeName: string;
  readonly logger: Logger;
  /** A node came or went. */
  readonly onChange: () => void;
}

/**
 * Which of the other nodes live: the store knows a second after one has crashed, when the kernel still takes its neighbour for
 * reachable.
 */
export class OtherNodesPresence implements AsyncDisposable {
  readonly #store: FlowStore;
  readonly #presence: Presence;
  #nameOf: ReadonlyMap<string, string>;

  constructor(config: NodeConfig, { store, nodeName, logger, onChange }: OtherNodesPresenceOptions) {
    this.#store = store;
    this.#nameOf = namesOf(config);
    this.#presence = openPresence({
      store,
      nodeName,
      others: () => [...this.#nameOf.values()],
      onChange: ({ nodeName: node, isPresent }) => {
        if (isPresent) logger.info({ event: 'other_node_up', node }, `node ${node} is there`);
        else
          logger.warn({ event: 'other_node_down', node }, `node ${node} is gone; it begins no flows until it is back`);
        onChange();
      },
    });
  }

  /** Puts another configuration in force. */
  use(config: NodeConfig): void {
    this.#nameOf = namesOf(config);
  }

  /** Addresses of nodes that were there and are not. Without a store there are none: what it said last may be long ago. */
  absent(): ReadonlySet<string> {
    if (!this.#store.isAvailable) return new Set();
    const gone = [...this.#nameOf].filter(([, name]) => this.#presence.isPresent(name) === false);
    return new Set(gone.map(([address]) => address));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#presence[Symbol.asyncDispose]());
  }
}

/** By which name the nodes of a cluster know this one. */
export function nodeNameOf({ node, nodes }: NodeConfig): string {
  const isOwn = (address: string) => address === node.address || address === node.address6;
  return nodes?.members.find(({ address }) => isOwn(address))?.name ?? node.name;
}

/** Names of the other nodes, by address. */
function namesOf(config: NodeConfig): ReadonlyMap<string, string> {
  const others = new Set(otherNodes(config));
  const members = config.nodes?.members.filter(({ address }) => others.has(address)) ?? [];
  return new Map(members.map(({ address, name }) => [address, name]));
}
