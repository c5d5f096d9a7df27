import type { Announcement, SpeakerStatus, VrrpStatus } from '@weir/bgp-speaker';

/** Sessions with routers: those that are established, and those that should be. */
export interface Sessions {
  readonly up: number;
  readonly configured: number;
}

/** What tells the network which VIPs this node serves, by BGP or by VRRP. */
export interface NodeSpeaker {
  /** All VIPs that there are, before some are announced; VRRP needs to know. */
  expect?(vips: ReadonlySet<string>): Promise<void>;
  /** Announces these and nothing else. */
  set(announcements: readonly Announcement[]): Promise<void>;
  /** As they are now; for VRRP, that it runs. */
  sessions(): Promise<Sessions>;
  /** In its own words. */
  status(): Promise<SpeakerStatus | VrrpStatus>;
  /** `leaveRunning`: what is announced stays so, for the next life to go on with. */
  stop(options: { leaveRunning: boolean }): Promise<void>;
}
