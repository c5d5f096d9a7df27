import type { BalancerFlow, FlowEnd, FlowState } from './balancer.js';
import { endpointText } from './virtual-service.js';

/** As IPVS calls states of TCP; other protocols have one, their name. */
const stateNames: Readonly<Record<FlowState, string | undefined>> = {
  syn: 'SYN_RECV',
  established: 'ESTABLISHED',
  fin: 'FIN_WAIT',
  closed: 'CLOSE',
  udp: undefined,
  other: undefined,
};

/** The titles of `ipvsadm -L -c`. */
export const connectionTitle: readonly string[] = [
  'IPVS connection entries',
  row('pro', 'expire', 'state', 'source', 'virtual', 'destination'),
];

/**
 * A flow as a line of `ipvsadm -L -c -n`.
 * @param timeouts  seconds without a packet after which a flow is forgotten
 */
export function connectionLine(flow: BalancerFlow, timeouts: Readonly<Record<FlowState, number>>): string {
  const { protocol, client, virtual, backend, state, idleSeconds } = flow;
  const left = Math.max(0, Math.trunc(timeouts[state] - idleSeconds));
  const name = protocol.toUpperCase();
  return row(
    name.slice(0, 4),
    `${twoDigits(left / 60)}:${twoDigits(left % 60)}`,
    stateNames[state] ?? name,
    endText(client),
    endText(virtual),
    endText(backend),
  );
}

function row(
  protocol: string,
  expire: string,
  state: string,
  source: string,
  virtual: string,
  destination: string,
): string {
  return [
    protocol.padEnd(3),
    expire.padEnd(6),
    state.padEnd(11),
    source.padEnd(18),
    virtual.padEnd(18),
    destination,
  ].join(' ');
}

function endText(end: FlowEnd | undefined): string {
  return end === undefined ? 'n/a' : endpointText(end.address, end.port);
}

function twoDigits(number: number): string {
  return `${Math.trunc(number)}`.padStart(2, '0');
}
