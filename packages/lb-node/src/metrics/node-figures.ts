import type { SpeakerStatus, VrrpStatus } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import type { Attachment, Counters, FlowTableFill } from '@weir/dataplane';
import type { AnnounceOverrides } from '../announce-overrides.js';
import type { HealthReport } from '../health-report.js';
import type { SharingReport } from '../sharing-report.js';

/** What the parts of a running node count and know at one moment; plain data, for whoever shows it. */
export interface NodeFigures {
  /** That passes work towards. */
  readonly config: NodeConfig;
  /** Since the tables were made; with the engine xdp also by former lives of the daemon. */
  readonly counters: Counters;
  readonly flowTable: FlowTableFill;
  readonly attachments: readonly Attachment[];
  readonly health: HealthReport;
  /** Absent where the configuration has no `state`. */
  readonly sharing: SharingReport | undefined;
  /** Absent where nothing is announced by anything. */
  readonly speaker: SpeakerStatus | VrrpStatus | undefined;
  /** Prefixes of VIPs that this node announces, or with VRRP can serve. */
  readonly announced: readonly string[];
  readonly overrides: AnnounceOverrides;
  /** Why VIPs are not announced: sentences that begin with the VIPs, `198.51.100.1, 198.51.100.2: …`, or hold for all. */
  readonly silence: readonly string[];
  /** Backends whose MAC address, or that of the router to them, is known. */
  readonly reachableBackends: number;
}
