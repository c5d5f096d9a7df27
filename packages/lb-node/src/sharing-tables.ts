import type { NodeConfig } from '@weir/control';
import type { ForwardingTables, PortRange } from '@weir/dataplane';

/** What changes about sharing while a node runs. */
export interface SharingMoment {
  /** See ForwardingTables.localPorts. */
  readonly localPorts?: PortRange | undefined;
  /** See Sharing.datagrams. */
  readonly datagrams: boolean;
}

/** What the data plane should tell of flows, and ask about them. */
export function sharingTablesOf(
  { node, nodes, state }: NodeConfig,
  { localPorts, datagrams }: SharingMoment,
): Pick<ForwardingTables, 'sharing' | 'localPorts'> {
  if (state === undefined) return {};
  const { tellAfterMs, takeoversPerSecond } = state;
  const pools = nodes?.members.flatMap(({ localAddresses }) => localAddresses) ?? [];
  const localAddresses = [...new Set([...node.localAddresses, ...pools])];
  return {
    sharing: { tellAfterMs, takeoversPerSecond, datagrams, localAddresses },
    ...(localPorts === undefined ? {} : { localPorts }),
  };
}
