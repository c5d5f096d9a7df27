import type { Announcement } from '@weir/bgp-speaker';

/** What tells the network which VIPs this node serves, by BGP or by VRRP. */
export interface NodeSpeaker {
  /** All VIPs that there are, before some are announced; VRRP needs to know. */
  expect?(vips: ReadonlySet<string>): Promise<void>;
  /** Announces these and nothing else. */
  set(announcements: readonly Announcement[]): Promise<void>;
  /** `leaveRunning`: what is announced stays so, for the next life to go on with. */
  stop(options: { leaveRunning: boolean }): Promise<void>;
}
