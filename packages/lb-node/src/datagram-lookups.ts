/**
 * Whether datagrams of unknown flows are asked about. Nobody can tell them from the first ones of new flows, so that each
 * new flow would cost a look-up; but while flows of another node, or of this one's former life, may still come, it is
 * worth it: for as long as an idle flow is kept.
 */
export class DatagramLookups {
  readonly #udpMs: () => number;
  #sinceMs: number;

  /**
   * @param nowMs  when this node starts, of a clock that is never set back
   * @param udpMs  how long an idle flow is kept at the moment (dataplane.timeouts.udp)
   */
  constructor(nowMs: number, udpMs: () => number) {
    this.#sinceMs = nowMs;
    this.#udpMs = udpMs;
  }

  /** The other nodes are not those that they were: one went, or came, and routers spread flows anew. */
  nodesChanged(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** For how many ms more they are asked about; 0: they are not. */
  leftMs(nowMs: number): number {
    return Math.max(0, this.#sinceMs + this.#udpMs() - nowMs);
  }
}
