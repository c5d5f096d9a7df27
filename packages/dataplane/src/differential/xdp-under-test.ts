import type { Counters, ForwardingTables } from '../dataplane.js';
import type { FlowEvents, SettledPacket, Settlement, SharingCounts } from '../flow-sharing.js';
import type { TestRun } from '../libbpf/bpf-object.js';
import type { PacketTrace } from '../packet-trace.js';
import { XdpDataplane } from '../xdp/xdp-dataplane.js';
import type { EngineUnderTest, FlowSeen, Outcome } from './engine-under-test.js';
import { local, seed } from './lab-addresses.js';
import { pretendVlans } from './lab-network.js';
import { PinnedBytes } from './pinned-bytes.js';

/** linux/bpf.h, enum xdp_action. */
const actions = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const;
/** A table of choices takes 262,144, and what was given back rests for a while. */
const ROWS = 16 * 262_144;
/** Entries of the flow table that are neither a connection nor its way back. */
const noFlows: readonly string[] = ['fragment', 'network', 'locality', 'stranger'];
const nothing: ForwardingTables = {
  services: [],
  sources: { ipv4: local[4][0], ipv6: local[6][0] },
  hashSeed: seed,
};

/** The XDP program, by BPF_PROG_TEST_RUN. */
export class XdpUnderTest implements EngineUnderTest, AsyncDisposable {
  readonly #plane: XdpDataplane;
  readonly #ifindexOf: (name: string) => number;

  readonly #tables: PinnedBytes;

  private constructor(plane: XdpDataplane, tables: PinnedBytes, ifindexOf: (name: string) => number) {
    this.#plane = plane;
    this.#tables = tables;
    this.#ifindexOf = ifindexOf;
  }

  /** On the network of {@link makeLabNetwork}; pins stay. */
  static async open(pinDirectory: string, ifindexOf: (name: string) => number): Promise<XdpUnderTest> {
    const plane = XdpDataplane.open({
      interfaces: ['eth0', 'eth1'],
      mode: 'auto',
      pinDirectory,
      limits: { services: 64, backends: 1024, rows: ROWS, flows: 4096, translatedFlows: 4096 },
      clock: 'manual',
      sharing: true,
    });
    await plane.apply(nothing);
    pretendVlans(pinDirectory, ifindexOf);
    return new XdpUnderTest(plane, new PinnedBytes(pinDirectory), ifindexOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tables[Symbol.dispose]();
    await this.#plane[Symbol.asyncDispose]();
  }

  /** What is remembered is of services: without them it is of nobody, and swept out. */
  async reset(): Promise<void> {
    await this.#plane.apply(nothing);
  }

  async apply(tables: ForwardingTables): Promise<void> {
    await this.#plane.apply(tables);
  }

  setClock(nowTicks: number): void {
    this.#plane.setClock(nowTicks);
  }

  run(frame: Uint8Array): Outcome {
    return outcomeOf(this.#plane.testRun(frame, { ingressIfindex: this.#ifindexOf('eth0') }), frame);
  }

  trace(frame: Uint8Array): Promise<PacketTrace> {
    return this.#plane.trace(frame, 'eth0');
  }

  memory(): string {
    return this.#tables.digest();
  }

  events(): FlowEvents {
    return this.#plane.sharing.take();
  }

  settle(settled: SettledPacket): { settlement: Settlement; outcome: Outcome } {
    const { outcome: settlement, run } = this.#plane.sharing.testSettle(settled);
    return { settlement, outcome: outcomeOf(run, settled.packet.frame) };
  }

  forget(images: Uint8Array): void {
    this.#plane.sharing.forget(images);
  }

  told(): Iterable<Uint8Array> {
    return this.#plane.sharing.told();
  }

  sharingCounts(): SharingCounts {
    return this.#plane.sharing.counts();
  }

  async drops(): Promise<Counters['drops']> {
    return (await this.#plane.counters()).drops;
  }

  async traffic(): Promise<Pick<Counters, 'services' | 'handovers'>> {
    return this.#plane.counters();
  }

  neededRows(): ReadonlyMap<string, readonly number[]> {
    return this.#plane.takeNeededRows();
  }

  flows(): readonly FlowSeen[] {
    return Array.from(this.#plane.flows())
      .filter(({ state }) => !noFlows.includes(state))
      .map(({ backend: { address, port }, state, lastSeen }) => ({ backend: `${address} ${port}`, state, lastSeen }));
  }
}

function outcomeOf({ result, packet }: TestRun, frame: Uint8Array): Outcome {
  const action = actions[result];
  switch (action) {
    case 'drop':
    case 'pass':
      return { action };
    case 'tx':
    case 'redirect':
      return { action: 'transmit', back: action === 'tx', frame: packet };
    default:
      throw new Error(`the program returned ${action ?? result} for ${Buffer.from(frame).toString('hex')}`);
  }
}
