import type { Counters, ForwardingTables } from '../dataplane.js';
import type { XdpDataplane } from '../xdp/xdp-dataplane.js';
import type { EngineUnderTest, FlowSeen, Outcome } from './engine-under-test.js';
import { local, seed } from './lab-addresses.js';

/** linux/bpf.h, enum xdp_action. */
const actions = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const;
/** Entries of the flow table that are neither a connection nor its way back. */
const noFlows: readonly string[] = ['fragment', 'network', 'locality'];
const nothing: ForwardingTables = {
  services: [],
  sources: { ipv4: local[4][0], ipv6: local[6][0] },
  hashSeed: seed,
};

/** The XDP program, by BPF_PROG_TEST_RUN. */
export class XdpUnderTest implements EngineUnderTest {
  /** @param plane  with a manual clock */
  constructor(
    readonly plane: XdpDataplane,
    readonly ifindexOf: (name: string) => number,
  ) {}

  /** What is remembered is of services: without them it is of nobody, and swept out. */
  async reset(): Promise<void> {
    await this.plane.apply(nothing);
  }

  async apply(tables: ForwardingTables): Promise<void> {
    await this.plane.apply(tables);
  }

  setClock(nowTicks: number): void {
    this.plane.setClock(nowTicks);
  }

  run(frame: Uint8Array): Outcome {
    const { result, packet } = this.plane.testRun(frame, { ingressIfindex: this.ifindexOf('eth0') });
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

  async drops(): Promise<Counters['drops']> {
    return (await this.plane.counters()).drops;
  }

  async services(): Promise<Counters['services']> {
    return (await this.plane.counters()).services;
  }

  flows(): readonly FlowSeen[] {
    return Array.from(this.plane.flows())
      .filter(({ state }) => !noFlows.includes(state))
      .map(({ backend: { address, port }, state, lastSeen }) => ({ backend: `${address} ${port}`, state, lastSeen }));
  }
}
