import { IpProtocol, TcpFlag } from '@weir/packet';
import type { FlowTimeouts } from '../dataplane.js';
import type { RememberedState } from '../flow-table-view.js';
import { timeoutTicks } from './ticks.js';

/** docs/packet-path.md, section 3, "States". */
export type FlowState = RememberedState;

/** Who sent a packet of a flow. */
export type Side = 'client' | 'server';

/** The state of a flow that a packet of the client begins. */
export function firstState(protocol: number, tcpFlags: number): FlowState {
  if (protocol === IpProtocol.udp) return 'datagram';
  if (protocol !== IpProtocol.tcp) return 'other';
  if ((tcpFlags & TcpFlag.rst) !== 0) return 'close';
  if (opensConnection(tcpFlags)) return 'syn';
  return (tcpFlags & TcpFlag.fin) !== 0 ? 'fin_by_client' : 'established';
}

/**
 * The same where the packet may be in the midst of its flow, but nobody knows it: only the next segment makes it
 * established. So a flood of segments of no flow is as short-lived as one of SYNs.
 */
export function firstStateOfUnknown(protocol: number, tcpFlags: number): FlowState {
  const state = firstState(protocol, tcpFlags);
  return protocol === IpProtocol.tcp && state !== 'close' ? 'syn' : state;
}

/** The state after one more packet. RST goes before SYN, and SYN before FIN. */
export function nextState(state: FlowState, side: Side, tcpFlags: number): FlowState {
  if (state === 'datagram' || state === 'other') return state;
  if ((tcpFlags & TcpFlag.rst) !== 0) return 'close';
  if ((tcpFlags & TcpFlag.syn) !== 0) {
    return side === 'client' && opensConnection(tcpFlags) && state !== 'established' ? 'syn' : state;
  }
  if ((tcpFlags & TcpFlag.fin) !== 0) return afterFin(state, side);
  return state === 'syn' && side === 'client' ? 'established' : state;
}

function afterFin(state: FlowState, side: Side): FlowState {
  const own: FlowState = side === 'client' ? 'fin_by_client' : 'fin_by_server';
  const others: FlowState = side === 'client' ? 'fin_by_server' : 'fin_by_client';
  if (state === 'syn' || state === 'established') return own;
  return state === others ? 'close' : state;
}

/** SYN without ACK. */
export function opensConnection(tcpFlags: number): boolean {
  return (tcpFlags & (TcpFlag.syn | TcpFlag.ack)) === TcpFlag.syn;
}

export function isActive(state: FlowState): boolean {
  return state === 'established' || state === 'datagram' || state === 'other';
}

/** Is it worth telling other nodes of? */
export function isLongLived(state: FlowState): boolean {
  return state !== 'syn' && state !== 'close';
}

/** Ticks without a packet, beyond which a flow is forgotten. */
export function stateTimeouts(timeouts: FlowTimeouts): Readonly<Record<FlowState, number>> {
  return {
    syn: timeoutTicks(timeouts.tcpSynMs),
    established: timeoutTicks(timeouts.tcpEstablishedMs),
    fin_by_client: timeoutTicks(timeouts.tcpFinMs),
    fin_by_server: timeoutTicks(timeouts.tcpFinMs),
    close: timeoutTicks(timeouts.tcpCloseMs),
    datagram: timeoutTicks(timeouts.udpMs),
    other: timeoutTicks(timeouts.otherMs),
  };
}
