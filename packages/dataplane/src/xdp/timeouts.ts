import type { FlowTimeouts } from '../dataplane.js';
import { STRANGER_TICKS, TICK_MS } from '../tick.js';
import { flowStates } from './layout.js';

/** lblc and lblcr: a day, as net/netfilter/ipvs has it. */
const LOCALITY_MS = 86_400_000;

/** state.timeout: by enum flow_state, in ticks, rounded up. A network's is its service's. */
export function timeoutsInTicks(timeouts: FlowTimeouts): number[] {
  const { tcpSynMs, tcpEstablishedMs, tcpFinMs, tcpCloseMs, udpMs, otherMs, fragmentMs } = timeouts;
  const shortest = Math.min(tcpSynMs, tcpEstablishedMs, tcpFinMs, tcpCloseMs, udpMs, otherMs);
  const ms: Readonly<Record<(typeof flowStates)[number], number>> = {
    none: 0,
    syn: tcpSynMs,
    established: tcpEstablishedMs,
    fin_by_client: tcpFinMs,
    fin_by_server: tcpFinMs,
    close: tcpCloseMs,
    datagram: udpMs,
    other: otherMs,
    // So long an answer's flow can't be over, whatever state it is in.
    answer: shortest,
    fragment: fragmentMs,
    network: 0,
    locality: LOCALITY_MS,
    stranger: STRANGER_TICKS * TICK_MS,
  };
  return flowStates.map((state) => Math.ceil(ms[state] / TICK_MS));
}
