import type { DropReason } from './drop-reason.js';

/** What is captured: packets that meet all that is given. Nothing given: all packets that the data plane looks at. */
export interface CaptureFilter {
  /** IPv4 or IPv6 address, text: source or destination of the packet as it arrived, of VLANs and tunnels the inner one not. */
  readonly vip?: string;
  /** Address or network, as "192.0.2.0/24": likewise. */
  readonly client?: string;
  readonly dropReason?: DropReason;
}

export interface CaptureLimits {
  /** Beyond which packets are counted, and not kept. */
  readonly packetsPerSecond: number;
  /** So many bytes of a frame are kept at most. */
  readonly snapLengthBytes: number;
}

/** What became of a packet that was captured. */
export type CapturedVerdict =
  /** Left by the interface that it came from, or another one. */
  | { readonly kind: 'forwarded' }
  /** `reason` undefined: it was handed to user space, which asks others about its flow. */
  | { readonly kind: 'dropped'; readonly reason: DropReason | undefined }
  /** An ICMP error went out in its place. */
  | { readonly kind: 'answered'; readonly reason: DropReason }
  /** To the kernel. */
  | { readonly kind: 'passed' };

export interface CapturedPacket {
  /** Of the wall clock, since 1970. */
  readonly timestampNs: bigint;
  /** Where it arrived. */
  readonly ifindex: number;
  readonly verdict: CapturedVerdict;
  /** As it arrived, from Ethernet on; cut off at the snap length. */
  readonly frame: Uint8Array;
  /** Of the frame before it was cut off. */
  readonly originalBytes: number;
}

/** Packets as they are seen, until the caller stops or the signal is aborted; then capturing costs nothing again. */
export interface PacketCapture extends AsyncIterable<CapturedPacket> {
  /** Packets that met the filter, and were not kept: more than the limit, or quicker than they were taken. */
  readonly lost: number;
}
