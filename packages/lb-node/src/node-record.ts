import type { NodeCondition, NodeConfig, NodeRecord } from '@weir/control';

/** What stays the same as long as the daemon lives. */
export interface NodeLife {
  /** Random: two nodes with one name are told apart by it. */
  readonly instance: string;
  readonly version: string;
}

/** What a node is about at a moment. */
export interface NodeMoment {
  /** `filling` until the first complete pass, `leaving` from when it is asked to end. */
  readonly phase: 'filling' | 'running' | 'leaving';
  /** Prefixes. */
  readonly announces: readonly string[];
  /** Absent: not read yet. */
  readonly condition?: NodeCondition;
}

/** What a node says of itself to its cluster. */
export function nodeRecordOf(
  { node }: NodeConfig,
  life: NodeLife,
  { phase, announces, condition }: NodeMoment,
): NodeRecord {
  const { name, address, address6 } = node;
  return {
    name,
    ...life,
    state: stateOf(phase, node.wantedState),
    addresses: [address, address6].filter((known) => known !== undefined),
    announces,
    ...(condition === undefined ? {} : { condition }),
  };
}

function stateOf(phase: NodeMoment['phase'], wanted: NodeConfig['node']['wantedState']): NodeRecord['state'] {
  if (phase === 'leaving' || wanted === 'draining') return 'draining';
  return phase === 'filling' ? 'filling' : 'active';
}
