import type { ForwardingMethod } from '../forwarding-method.js';

/** Where packets with a mark go: to a VIP, but on this one backend. */
export interface ProbeRoute {
  /** SO_MARK of the probe's socket, of `probeMark()`; no two routes have the same. */
  readonly mark: number;
  /** Where the socket connects to. Canonical text. */
  readonly vip: string;
  /** Of either family, whatever the VIP's. */
  readonly backend: string;
  /** ipip, gre, gue or dr; probes of nat and fullnat go to the backend itself. Hops are left out. */
  readonly forwarding: ForwardingMethod;
}
