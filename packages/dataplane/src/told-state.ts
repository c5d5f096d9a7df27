import { type FlowImageState, IpProtocol } from '@weir/packet';

const longLivedTcp: readonly FlowImageState[] = ['established', 'fin_by_client', 'fin_by_server'];

/** Whether a flow of this protocol is told in this state: docs/packet-path.md, section 8. */
export function isToldState(state: FlowImageState, protocol: number): boolean {
  if (protocol === IpProtocol.tcp) return longLivedTcp.includes(state);
  return state === (protocol === IpProtocol.udp ? 'datagram' : 'other');
}
