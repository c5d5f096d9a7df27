import { defaultFlowTimeouts } from '../dataplane.js';
import type { Flow, Translation } from './flow.js';
import type { IpPacket } from './parse-frame.js';
import type { Backend } from './service.js';
import type { TellStep } from './tell-step.js';
import { isExpired, timeoutTicks } from './ticks.js';
import { addressText } from './tuple.js';

/** Where the first fragment of a packet went. */
export type FragmentWay =
  | {
      readonly to: 'backend';
      readonly backend: Backend;
      readonly translation: Translation | undefined;
      readonly hops: readonly Backend[];
    }
  /** An answer, of nat or fullnat. */
  | { readonly to: 'client'; readonly backend: Backend; readonly flow: Flow };

/** What a decision does with fragments. */
export type FragmentWays = Pick<FragmentTable, 'remember' | 'find'>;

/** Packets in fragments, from the first one on. */
export class FragmentTable {
  readonly #packetsMax: number;
  /** Oldest first. */
  readonly #ways = new Map<string, { readonly way: FragmentWay; readonly since: number }>();
  #timeout = timeoutTicks(defaultFlowTimeouts.fragmentMs);

  constructor(packetsMax: number) {
    this.#packetsMax = packetsMax;
  }

  set timeoutMs(timeoutMs: number) {
    this.#timeout = timeoutTicks(timeoutMs);
  }

  /** The same ways for a packet that changes nothing. */
  asSeen(tell: TellStep): FragmentWays {
    return {
      remember() {},
      find: (packet, nowTicks) => {
        const way = this.find(packet, nowTicks);
        tell({ step: 'fragment', known: way !== undefined });
        return way;
      },
    };
  }

  /** Nothing where the packet is no first fragment. */
  remember(packet: IpPacket, way: FragmentWay, nowTicks: number): void {
    if (packet.fragment?.isFirst !== true) return;
    const key = keyOf(packet);
    this.#ways.delete(key);
    const [oldest] = this.#ways.keys();
    if (this.#ways.size === this.#packetsMax && oldest !== undefined) this.#ways.delete(oldest);
    this.#ways.set(key, { way, since: nowTicks });
  }

  /** The way of the first fragment of the packet that this is a later one of. */
  find(packet: IpPacket, nowTicks: number): FragmentWay | undefined {
    const found = this.#ways.get(keyOf(packet));
    if (found === undefined || !found.way.backend.inForce) return undefined;
    return isExpired(found.since, this.#timeout, nowTicks) ? undefined : found.way;
  }
}

/** RFC 791, section 2.3; in IPv6 (RFC 8200, section 4.5) the protocol does not count. */
function keyOf({ family, source, destination, protocol, fragment }: IpPacket): string {
  const ends = `${addressText(source)} ${addressText(destination)}`;
  return `${ends} ${family === 4 ? protocol : 'ipv6'} ${fragment?.identification}`;
}
