import { type EtcdConfig, startRolloutDriver } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { ClusterPresence } from './cluster-presence.js';
import { ConditionTelling } from './condition-telling.js';
import type { RunningNode } from './node.js';

/** Who takes part, and in which cluster. */
export interface RolloutPartner {
  readonly config: EtcdConfig;
  /** Of the node. */
  readonly name: string;
  readonly node: Pick<RunningNode, 'condition'>;
  readonly presence: Pick<ClusterPresence, 'tell'>;
  readonly logger: Logger;
}

/** Tells the others how this node is, and drives rollouts while this node leads, until disposed of. */
export function takePartInRollouts({ config, name, node, presence, logger }: RolloutPartner): AsyncDisposable {
  let telling: ConditionTelling | undefined;
  const rollouts = startRolloutDriver({ config, name, logger, onChange: () => telling?.wake() });
  telling = new ConditionTelling({
    read: (followed) => node.condition(followed),
    tell: (condition) => presence.tell({ condition }),
    rollouts,
    logger,
  });
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([rollouts[Symbol.asyncDispose](), telling[Symbol.asyncDispose]()]);
    },
  };
}
