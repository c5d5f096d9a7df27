import { decodeGueHops, UDP_BYTES } from '@weir/packet';
import type { ForwardingTables } from '../dataplane.js';
import type { DropReason } from '../drop-reason.js';
import type { Owners } from '../owners.js';
import { Answerers } from './answerers.js';
import { choicesOf } from './choices.js';
import type { IpPacket } from './parse-frame.js';
import type { Backend, Service } from './service.js';
import type { TellStep } from './tell-step.js';
import { addressText, type Tuple } from './tuple.js';

/** As in the header that carries them: docs/packet-path.md, section 7. */
const HOPS_MAX = 4;
const PASSED_ON_PER_TICK = 50_000;
const ETHERNET_BYTES = 14;
const MACS_BYTES = 12;
const IPV4_BYTES = 20;
const etherTypes = new Map([
  [4, 0x0800],
  [41, 0x86dd],
]);

/** Another node, and those to try after it. */
export interface Elsewhere {
  readonly backend: Backend;
  readonly hops: readonly Backend[];
}

/** A frame without its outer header, and the nodes that it may still be handed over to. */
export interface Handover {
  readonly frame: Uint8Array;
  readonly hops: readonly Backend[];
}

/** What a decision asks of the owners. */
export type OwnersRules = Pick<OwnersInForce, 'service' | 'elsewhere' | 'mayBeAnswer' | 'take'>;

/** The nodes, as backends of a service of their own, and what they have of each other. */
export class OwnersInForce {
  readonly service: Service;
  readonly #self: Backend;
  /** The other nodes, by address. */
  readonly #peers: ReadonlyMap<string, Backend>;
  readonly #answerers: Answerers;
  /** What was handed over to this node, and by it to the next, in one tick. */
  #passedOn = { tick: 0, packets: 0 };

  constructor(owners: Owners, service: Service, tables: ForwardingTables) {
    this.service = service;
    this.#self = service.backends[owners.self] as Backend;
    const others = service.backends.filter((backend) => backend !== this.#self);
    this.#peers = new Map(others.map((backend) => [addressText(backend.address), backend]));
    this.#answerers = new Answerers(tables, 'nat');
  }

  /** What was handed over to other nodes. */
  get peers(): Iterable<Backend> {
    return this.#peers.values();
  }

  /**
   * Who may know a client's packet that this node does not know; undefined: it is up to this one.
   *
   * @param begins      it may be the first of its flow, which the first owner takes
   * @param handedOver  nodes still to ask, where another one asked this one
   */
  elsewhere(packet: Tuple, begins: boolean, nowTicks: number, handedOver?: readonly Backend[]): Elsewhere | undefined {
    const others = this.#othersFor(packet, begins, handedOver);
    return others !== undefined && handedOver !== undefined && !this.#mayPassOn(nowTicks) ? undefined : others;
  }

  /** The same owners for a packet that they do not count. */
  asSeen(tell: TellStep): OwnersRules {
    return {
      service: this.service,
      mayBeAnswer: (packet) => this.mayBeAnswer(packet),
      take: (packet, isInside) => {
        const handover = this.take(packet, isInside);
        if (typeof handover !== 'string') tell({ step: 'taken_over' });
        return handover;
      },
      elsewhere: (packet, begins, nowTicks, handedOver) => {
        const isOverRate = this.#passedOn.tick === nowTicks && this.#passedOn.packets >= PASSED_ON_PER_TICK;
        const others = this.#othersFor(packet, begins, handedOver);
        const found = handedOver !== undefined && isOverRate ? undefined : others;
        tell({ step: 'owner', node: found?.backend.name, hops: found?.hops.map(({ name }) => name) ?? [] });
        return found;
      },
    };
  }

  #othersFor(packet: Tuple, begins: boolean, handedOver?: readonly Backend[]): Elsewhere | undefined {
    const nodes = handedOver ?? choicesOf(this.service, packet).backends;
    if (begins && (handedOver !== undefined || nodes[0] === this.#self)) return undefined;
    const [backend, ...hops] = nodes.filter((node) => node !== this.#self);
    return backend && { backend, hops };
  }

  /** May this packet, which no service takes, be an answer of a backend of nat? */
  mayBeAnswer(packet: Tuple): boolean {
    return this.#answerers.maySend(packet);
  }

  /** Takes off what another node put around a packet. @param isInside  it came out of such a header itself */
  take(
    { frame, ipOffset, bytes, source, family, transportOffset, fragment }: IpPacket,
    isInside: boolean,
  ): Handover | DropReason {
    if (!this.#peers.has(addressText(source))) return 'handover_peer';
    const ip = frame.subarray(ipOffset, ipOffset + bytes);
    const decoded = decodeGueHops(ip, transportOffset + UDP_BYTES);
    if (isInside || fragment !== undefined || !decoded.ok) return 'handover_malformed';
    const { header, payloadOffset } = decoded;
    if (header.family !== family || header.hops.length > HOPS_MAX || payloadOffset + IPV4_BYTES > bytes) {
      return 'handover_malformed';
    }
    const inner = frame.subarray(ipOffset + payloadOffset);
    const stripped = new Uint8Array(ETHERNET_BYTES + inner.byteLength);
    stripped.set(frame.subarray(0, MACS_BYTES));
    new DataView(stripped.buffer).setUint16(MACS_BYTES, etherTypes.get(header.protocol) as number);
    stripped.set(inner, ETHERNET_BYTES);
    const named = header.hops.slice(header.nextHop).map((hop) => this.#peers.get(addressText(hop)));
    return { frame: stripped, hops: named.filter((hop) => hop !== undefined) };
  }

  /** Only changes of the nodes make it necessary; a flood of segments of no flow must not be multiplied. */
  #mayPassOn(nowTicks: number): boolean {
    if (this.#passedOn.tick !== nowTicks) this.#passedOn = { tick: nowTicks, packets: 0 };
    return this.#passedOn.packets++ < PASSED_ON_PER_TICK;
  }
}
