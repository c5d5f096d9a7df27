import { bytesToAddress, EtherType } from '@weir/packet';
import type { Counters, ForwardingTables } from '../dataplane.js';
import type { FlowEvents, SettledPacket, Settlement, SharingCounts } from '../flow-sharing.js';
import type { PacketTrace } from '../packet-trace.js';
import { NetworkList } from '../portable/network-list.js';
import type { NextHop } from '../portable/next-hop.js';
import { PortableEngine } from '../portable/portable-engine.js';
import type { Verdict } from '../portable/verdict.js';
import type { EngineUnderTest, FlowSeen, Outcome } from './engine-under-test.js';
import { macOf } from './frame-plan.js';
import { interfaces, routes, silent } from './lab-addresses.js';

/** The readable engine, in a world as the lab's namespace has it. */
export class PortableUnderTest implements EngineUnderTest {
  readonly #resolve: (address: Uint8Array) => NextHop | 'no_route' | 'no_neighbour';
  #engine: PortableEngine;
  #nowTicks = 0;

  /** @param ifindexOf  as the other engine's interfaces have them */
  constructor(readonly ifindexOf: (name: string) => number) {
    this.#resolve = resolver(ifindexOf);
    this.#engine = this.#newEngine();
  }

  async reset(): Promise<void> {
    this.#engine = this.#newEngine();
  }

  async apply(tables: ForwardingTables): Promise<void> {
    this.#engine.apply(tables);
  }

  setClock(nowTicks: number): void {
    this.#nowTicks = nowTicks;
    this.#engine.sweep(nowTicks);
  }

  run(frame: Uint8Array): Outcome {
    return this.#outcomeOf(this.#engine.forward(frame, this.#ingress, this.#nowTicks));
  }

  async trace(frame: Uint8Array): Promise<PacketTrace> {
    return this.#engine.trace(frame, this.#ingress, this.#nowTicks);
  }

  memory(): string {
    return JSON.stringify([this.#engine.counters(), this.#engine.sharingCounts, this.flows()]);
  }

  events(): FlowEvents {
    return this.#engine.takeEvents();
  }

  settle(settled: SettledPacket): { settlement: Settlement; outcome: Outcome } {
    const { settlement, verdict } = this.#engine.settle(settled, this.#nowTicks);
    return { settlement, outcome: this.#outcomeOf(verdict) };
  }

  forget(images: Uint8Array): void {
    this.#engine.forget(images);
  }

  told(): Iterable<Uint8Array> {
    return this.#engine.told();
  }

  sharingCounts(): SharingCounts {
    return this.#engine.sharingCounts;
  }

  async drops(): Promise<Counters['drops']> {
    return this.#engine.counters().drops;
  }

  async traffic(): Promise<Pick<Counters, 'services' | 'handovers'>> {
    return this.#engine.counters();
  }

  neededRows(): ReadonlyMap<string, readonly number[]> {
    return this.#engine.takeNeededRows();
  }

  flows(): readonly FlowSeen[] {
    return Array.from(this.#engine.flows()).flatMap(({ backend: { name, port }, state, lastSeen, translation }) => {
      const backend = `${name} ${port}`;
      const flow = { backend, state, lastSeen: lastSeen.client };
      return translation === undefined ? [flow] : [flow, { backend, state: 'answer', lastSeen: lastSeen.server }];
    });
  }

  get #ingress(): number {
    return this.ifindexOf(interfaces[0].name);
  }

  #outcomeOf(verdict: Verdict): Outcome {
    if (verdict.action !== 'transmit') return { action: verdict.action };
    return { action: 'transmit', back: verdict.ifindex === this.#ingress, frame: verdict.frame };
  }

  #newEngine(): PortableEngine {
    return new PortableEngine({
      ownMacs,
      resolve: this.#resolve,
      mayComplain: () => true,
      mayHandUp: () => true,
      hasComplaintsLeft: () => true,
      hasHandUpsLeft: () => true,
    });
  }
}

const ownMacs = interfaces.map(({ mac }) => macOf(mac));

function resolver(ifindexOf: (name: string) => number) {
  const hops = interfaces.map((link) => ({
    networks: new NetworkList({ allow: routes[link.name], deny: [] }),
    hop: {
      ifindex: ifindexOf('vlan' in link ? 'eth0' : link.name),
      mtuBytes: link.mtuBytes,
      destinationMac: macOf(link.neighbourMac),
      sourceMac: macOf(link.mac),
      ...('vlan' in link ? { vlan: { etherType: EtherType.vlan, tci: link.vlan } } : {}),
    },
  }));
  return (address: Uint8Array) => {
    const found = hops.find(({ networks }) => networks.verdictOn(address) === 'allow');
    if (found === undefined) return 'no_route';
    return (silent as readonly string[]).includes(bytesToAddress(address)) ? 'no_neighbour' : found.hop;
  };
}
