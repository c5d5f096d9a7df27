import type { DropReason } from './drop-reason.js';
import type { RememberedState } from './flow-table-view.js';
import type { ForwardingMethod } from './forwarding-method.js';
import type { Scheduling } from './scheduling.js';

/** An end of a packet. The port is 0 where the protocol has none. */
export interface TracedEnd {
  /** IPv4 or IPv6, text. */
  readonly address: string;
  readonly port: number;
}

/** A backend as tables name it; a node where packets are handed over. */
export interface TracedBackend {
  readonly address: string;
  /** As in ForwardingBackend.port; 0: the packet's. */
  readonly port: number;
}

/**
 * One decision about a packet, in the order in which they are made (docs/packet-path.md). A service is called by the text of
 * its first listener, "198.51.100.1:443/tcp".
 *
 * | step | tells |
 * |---|---|
 * | parsed | what was read; without it the frame is no IP, or the drop reason says what is wrong |
 * | link_address | present where the frame's destination MAC is of another machine: the packet is passed on |
 * | taken_over | another node had handed the packet over; what follows is about the packet inside |
 * | service | which one takes it; none: it may be an answer of a backend, or the kernel's |
 * | guard | whether its source is denied; only where there is a deny list |
 * | row | where its hash points at, and whether the row is kept: its flows are remembered |
 * | choices | second chance: the backends to try in turn |
 * | flow | what is remembered of its flow. `idleSeconds`: since the last packet of the client before this one |
 * | owner | the node that may know the flow, and those after it; none: it is up to this node |
 * | asked | user space would be asked about the flow; `over_rate`: it would, if there were not too many |
 * | rate | whether a limit of new flows lets this one through; only where there is one |
 * | persistence | where the client's network goes; none: nowhere yet, or that backend takes no flows |
 * | scheduled | whom the scheduler gives the new flow; none: nobody takes flows |
 * | remembered | the new flow would be remembered in this state |
 * | translation | the ends that the packet would have |
 * | answer | it is a backend's answer, of the flow of this client with this VIP |
 * | fragment | a later fragment: whether the way of the first one is known |
 * | icmp | what it is; `error`: what follows is about the packet that it quotes |
 * | method | how it goes to its backend |
 * | next_hop | where it leaves; else why it can't |
 * | too_big | with outer headers it has so many bytes, and the next hop takes fewer |
 */
export type TraceStep =
  | {
      readonly step: 'parsed';
      readonly family: 4 | 6;
      /** IANA's number. */
      readonly protocol: number;
      readonly source: TracedEnd;
      readonly destination: TracedEnd;
      /** Of TCP, as in its header (RFC 9293, section 3.1); else 0. */
      readonly tcpFlags: number;
      readonly ttl: number;
      /** From the IP header on. */
      readonly bytes: number;
      readonly fragment: 'none' | 'first' | 'later';
    }
  | { readonly step: 'link_address'; readonly isForThisNode: false }
  | { readonly step: 'taken_over' }
  | { readonly step: 'service'; readonly service: string | undefined }
  | { readonly step: 'guard'; readonly denied: boolean }
  | { readonly step: 'row'; readonly row: number; readonly backend: TracedBackend | undefined; readonly kept: boolean }
  | { readonly step: 'choices'; readonly backends: readonly TracedBackend[] }
  | { readonly step: 'flow'; readonly known: false }
  | {
      readonly step: 'flow';
      readonly known: true;
      readonly backend: TracedBackend;
      readonly state: RememberedState;
      readonly idleSeconds: number;
    }
  | { readonly step: 'owner'; readonly node: string | undefined; readonly hops: readonly string[] }
  | { readonly step: 'asked'; readonly outcome: 'handed_up' | 'over_rate' }
  | { readonly step: 'rate'; readonly of: 'source' | 'node'; readonly admitted: boolean }
  | { readonly step: 'persistence'; readonly backend: TracedBackend | undefined }
  | { readonly step: 'scheduled'; readonly by: Scheduling['pick']; readonly backend: TracedBackend | undefined }
  | { readonly step: 'remembered'; readonly state: RememberedState }
  | { readonly step: 'translation'; readonly source: TracedEnd; readonly destination: TracedEnd }
  | { readonly step: 'answer'; readonly client: TracedEnd; readonly vip: TracedEnd }
  | { readonly step: 'fragment'; readonly known: boolean }
  | { readonly step: 'icmp'; readonly message: 'echo_request' | 'error' | 'other' }
  | { readonly step: 'method'; readonly backend: TracedBackend; readonly forwarding: ForwardingMethod }
  | {
      readonly step: 'next_hop';
      readonly outcome: 'found';
      readonly ifindex: number;
      readonly mtuBytes: number;
      /** Text as "02:00:00:00:00:01"; the portable engine leaves it to the kernel, and says undefined. */
      readonly destinationMac: string | undefined;
      /** ID of the tag that it leaves with. */
      readonly vlan: number | undefined;
    }
  | { readonly step: 'next_hop'; readonly outcome: 'no_route' | 'no_neighbour' }
  | { readonly step: 'too_big'; readonly bytes: number; readonly mtuBytes: number };

/**
 * What becomes of the packet. `forwarded`: to a backend, or an answer to its client. `answered`: this node itself answers the
 * sender, an echo request or with an ICMP error; then the packet counts as dropped for `reason`. `asked`: user space keeps it until
 * others have said whether they know its flow.
 */
export type TraceVerdict =
  | { readonly kind: 'forwarded'; readonly ifindex: number }
  | { readonly kind: 'handed_over'; readonly ifindex: number; readonly node: string }
  | { readonly kind: 'answered'; readonly ifindex: number; readonly reason: DropReason | undefined }
  | { readonly kind: 'dropped'; readonly reason: DropReason }
  | { readonly kind: 'asked' }
  /** To the kernel. */
  | { readonly kind: 'passed' };

/** What would happen to a packet that arrived now. */
export interface PacketTrace {
  readonly steps: readonly TraceStep[];
  readonly verdict: TraceVerdict;
  /** The frame as it would leave; absent where none does. */
  readonly packet?: Uint8Array;
}
