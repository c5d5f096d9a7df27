import { type FlowImageState, flowImageStates } from '@weir/packet';

/** After how long without a packet a flow is over, by its state, in ms; the data plane's timeouts are such. */
export interface IdleTimeouts {
  readonly tcpSynMs: number;
  readonly tcpEstablishedMs: number;
  readonly tcpFinMs: number;
  readonly tcpCloseMs: number;
  readonly udpMs: number;
  readonly otherMs: number;
}

const timeoutOfState: Readonly<Record<FlowImageState, keyof IdleTimeouts>> = {
  none: 'tcpCloseMs',
  syn: 'tcpSynMs',
  established: 'tcpEstablishedMs',
  fin_by_client: 'tcpFinMs',
  fin_by_server: 'tcpFinMs',
  close: 'tcpCloseMs',
  datagram: 'udpMs',
  other: 'otherMs',
};

/**
 * How long records are kept, in whole seconds by the number of the state: a third longer than the flow lives without a
 * packet, for it is told again at most every third of that time.
 */
export function ttlsByState(timeouts: IdleTimeouts): number[] {
  return flowImageStates.map((state) => Math.max(1, Math.ceil((timeouts[timeoutOfState[state]] * 4) / 3 / 1000)));
}
