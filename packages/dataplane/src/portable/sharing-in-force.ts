import { addressToBytes } from '@weir/packet';
import type { ForwardingTables } from '../dataplane.js';
import type { MissedPacket, Sharing } from '../flow-sharing.js';
import { SETTLED_FRAME_MAX } from '../xdp/layout.js';
import { Answerers } from './answerers.js';
import type { Flow } from './flow.js';
import type { FlowEventQueue } from './flow-event-queue.js';
import { isLongLived, opensConnection } from './flow-state.js';
import { imageOfFlow } from './image-of-flow.js';
import type { PortableSurroundings } from './portable-surroundings.js';
import type { TellStep } from './tell-step.js';
import { timeoutTicks } from './ticks.js';
import { isTcp } from './transport.js';
import { addressText, type Tuple } from './tuple.js';

const REFRESH_TICKS_MAX = 300;

/** How many more packets may be handed up, of so many a second. */
export type HandUpRate = Pick<PortableSurroundings, 'mayHandUp' | 'hasHandUpsLeft'>;

/** What a decision asks of sharing. */
export type SharingRules = Pick<
  SharingInForce,
  'tellAfterTicks' | 'tellIfDue' | 'asksAbout' | 'asksAboutAnswer' | 'handUp'
>;

/** What is told of flows, and what is asked: docs/packet-path.md, section 8. */
export class SharingInForce {
  /** From a flow's first packet on. */
  readonly tellAfterTicks: number;
  readonly #sharing: Sharing;
  readonly #queue: FlowEventQueue;
  readonly #rate: HandUpRate;
  readonly #ofNat: Answerers;
  readonly #ofFullnat: Answerers;
  readonly #ownAddresses: ReadonlySet<string>;
  /** Of all nodes. */
  readonly #localAddresses: ReadonlySet<string>;

  constructor(sharing: Sharing, tables: ForwardingTables, queue: FlowEventQueue, rate: HandUpRate) {
    this.tellAfterTicks = timeoutTicks(sharing.tellAfterMs);
    this.#sharing = sharing;
    this.#queue = queue;
    this.#rate = rate;
    this.#ofNat = new Answerers(tables, 'nat');
    this.#ofFullnat = new Answerers(tables, 'fullnat');
    const { ipv4, ipv6 } = tables.sources;
    this.#ownAddresses = textsOf([ipv4, ipv6].filter((address) => address !== undefined));
    this.#localAddresses = textsOf(sharing.localAddresses);
  }

  /** A packet of the client was the first of its tick, or changed the state: the flow is told if it is due. */
  tellIfDue(flow: Flow, timeout: number, nowTicks: number): void {
    if (nowTicks < flow.dueTick || !isLongLived(flow.state)) return;
    const image = imageOfFlow(flow);
    if (!this.#queue.tell(image, flow.told === undefined)) return;
    flow.told = image;
    flow.dueTick = nowTicks + refreshTicks(timeout);
  }

  /** Could a client's packet of an unknown flow belong to one that somebody knows? */
  asksAbout({ protocol, tcpFlags }: Tuple & { readonly tcpFlags: number }): boolean {
    return isTcp(protocol) ? !opensConnection(tcpFlags) : this.#sharing.datagrams;
  }

  /** The same of a packet that no service takes, and that is no answer of a flow that is known. */
  asksAboutAnswer(packet: Tuple & { readonly tcpFlags: number }): boolean {
    if (!this.asksAbout(packet)) return false;
    const destination = addressText(packet.destination);
    if (this.#localAddresses.has(destination) && this.#ofFullnat.maySend(packet)) return true;
    return !this.#ownAddresses.has(destination) && this.#ofNat.maySend(packet);
  }

  /** False: there are more than may be looked up, or there is no room. */
  handUp(packet: MissedPacket): boolean {
    const { takeoversPerSecond } = this.#sharing;
    const isOverRate = takeoversPerSecond === 0 || !this.#rate.mayHandUp(takeoversPerSecond);
    if (isOverRate) this.#queue.countOverRate();
    return !isOverRate && this.#queue.handUp(packet);
  }

  /** The same rules for a packet that nobody is told of. */
  asSeen(tell: TellStep): SharingRules {
    return {
      tellAfterTicks: this.tellAfterTicks,
      tellIfDue() {},
      asksAbout: (packet) => this.asksAbout(packet),
      asksAboutAnswer: (packet) => this.asksAboutAnswer(packet),
      handUp: ({ frame }) => {
        const { takeoversPerSecond } = this.#sharing;
        const isOverRate = takeoversPerSecond === 0 || !this.#rate.hasHandUpsLeft();
        const isTooLong = frame.byteLength > SETTLED_FRAME_MAX;
        if (isOverRate || !isTooLong) tell({ step: 'asked', outcome: isOverRate ? 'over_rate' : 'handed_up' });
        return !isOverRate && !isTooLong;
      },
    };
  }
}

/** How long a flow of this timeout is not told again, in ticks. */
export function refreshTicks(timeout: number): number {
  return Math.min(REFRESH_TICKS_MAX, Math.max(1, Math.floor(timeout / 3)));
}

function textsOf(addresses: readonly string[]): ReadonlySet<string> {
  return new Set(addresses.map((address) => addressText(addressToBytes(address))));
}
