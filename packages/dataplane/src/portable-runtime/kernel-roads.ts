import { bytesToAddress } from '@weir/packet';
import type { NextHop } from '../portable/next-hop.js';
import type { PortableSurroundings } from '../portable/portable-surroundings.js';
import { secondOf } from '../portable/ticks.js';
import { addressText } from '../portable/tuple.js';
import { TICK_MS } from '../tick.js';
import { TakeoverRate } from './takeover-rate.js';

/** How long an answer of the kernel counts. */
const ANSWER_TICKS = 1000 / TICK_MS;
/** Addresses that are remembered; clients may be many. */
const ANSWERS_MAX = 65_536;
/** As the XDP engine. */
const COMPLAINTS_PER_SECOND = 1000;
const noMac = new Uint8Array(6);
/** Where in a frame the last four bytes of its destination are. */
const TICKET = 2;

/**
 * The machine as {@link PortableEngine} sees it. Links and neighbours are the kernel's business, which is handed an
 * address; so the MAC address of a next hop is but a ticket that says which one.
 */
export class KernelRoads implements PortableSurroundings {
  /** Frames are synthetic; the filters at the interfaces have looked at the real address. */
  readonly ownMacs = [];
  readonly #mtuTo: (address: Uint8Array) => number | undefined;
  readonly #answers = new Map<string, { readonly hop: NextHop | 'no_route'; readonly untilTicks: number }>();
  readonly #tickets: string[] = [];
  readonly #takeovers = new TakeoverRate();
  #complaints = { second: -1, count: 0 };
  /** The present. */
  nowTicks = 0;

  constructor(mtuTo: (address: Uint8Array) => number | undefined) {
    this.#mtuTo = mtuTo;
  }

  resolve(address: Uint8Array): NextHop | 'no_route' {
    const key = addressText(address);
    const known = this.#answers.get(key);
    if (known !== undefined && this.nowTicks < known.untilTicks) return known.hop;
    if (Math.max(this.#answers.size, this.#tickets.length) >= ANSWERS_MAX) {
      this.#answers.clear();
      this.#tickets.length = 0;
    }
    const mtuBytes = this.#mtuTo(address);
    const hop =
      mtuBytes === undefined
        ? 'no_route'
        : {
            ifindex: 0,
            mtuBytes,
            destinationMac: this.#ticketOf(this.#answers.get(key)?.hop, address),
            sourceMac: noMac,
          };
    this.#answers.set(key, { hop, untilTicks: this.nowTicks + ANSWER_TICKS });
    return hop;
  }

  /** The address that a frame was resolved for; undefined: it goes back to whoever sent it. */
  nextHopOf(frame: Uint8Array): string | undefined {
    const number = new DataView(frame.buffer, frame.byteOffset).getUint32(TICKET);
    return this.#tickets[number - 1];
  }

  mayComplain(nowTicks: number): boolean {
    const second = secondOf(nowTicks);
    if (second !== this.#complaints.second) this.#complaints = { second, count: 0 };
    return this.#complaints.count++ < COMPLAINTS_PER_SECOND;
  }

  hasComplaintsLeft(nowTicks: number): boolean {
    return this.#complaints.second !== secondOf(nowTicks) || this.#complaints.count < COMPLAINTS_PER_SECOND;
  }

  hasHandUpsLeft(): boolean {
    return this.#takeovers.wouldAdmit();
  }

  mayHandUp(perSecond: number): boolean {
    return this.#takeovers.admits(perSecond);
  }

  #ticketOf(before: NextHop | 'no_route' | undefined, address: Uint8Array): Uint8Array {
    if (typeof before === 'object') return before.destinationMac;
    const ticket = new Uint8Array(6);
    new DataView(ticket.buffer).setUint32(TICKET, this.#tickets.push(bytesToAddress(address)));
    return ticket;
  }
}
