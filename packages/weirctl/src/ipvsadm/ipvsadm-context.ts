import type { Balancer } from './balancer.js';
import type { FirewallMarks } from './firewall-marks.js';
import type { NameLookup } from './name-lookup.js';
import type { RememberedStore } from './remembered.js';

/** What a command line needs of the world. */
export interface IpvsadmContext {
  readonly balancer: Balancer;
  readonly store: RememberedStore;
  readonly names: NameLookup;
  /** Which packets iptables and ip6tables of this machine mark. */
  marks(): Promise<FirewallMarks>;
  /** Lines for the standard output. */
  print(line: string): void;
  /** Lines for the standard error. */
  warn(line: string): void;
  /** The standard input, whole. */
  readInput(): Promise<string>;
}
