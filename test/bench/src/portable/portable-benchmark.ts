import { PortableEngine } from '@weir/dataplane';
import { BenchError } from '../bench-error.js';
import { benchAddresses } from '../dataplane/bench-addresses.js';
import { nodeMac, writeFlow } from '../dataplane/flow-packet.js';
import { type FlowCount, flowCounts, speedRows } from '../dataplane/speed-rows.js';
import { clientPacket, firstPacket, flowRoom, type Traffic, tablesFor } from '../dataplane/traffic.js';
import { recordTranslations } from '../dataplane/translated-flows.js';
import { type Summary, summarize } from '../statistics.js';

const BACKENDS = 16;
const IFINDEX = 2;
const neighbour = {
  ifindex: IFINDEX,
  mtuBytes: 1600,
  destinationMac: Uint8Array.of(2, 0, 0, 0, 1, 0),
  sourceMac: nodeMac,
};

/** How many packets of a kind the engine decides about in a second, in one thread. */
export interface PortableSpeed {
  readonly packet: string;
  readonly flows: FlowCount;
  readonly packetsPerSecond: Summary;
}

export interface PortableBenchmarkOptions {
  readonly runs: number;
  /** Of each run. */
  readonly packets: number;
}

/** Measures the portable engine on the packets that the XDP program is measured on. Nothing is read or sent. */
export async function runPortableBenchmark(
  { runs, packets }: PortableBenchmarkOptions,
  say: (line: string) => void,
): Promise<PortableSpeed[]> {
  const speeds: PortableSpeed[] = [];
  for (const { packet, traffic } of speedRows) {
    for (const flows of flowCounts) {
      const engine = await engineFor(traffic, flows);
      const frameOf = framesFor(engine, traffic, flows);
      const perSecond: number[] = [];
      // The first run is not kept: in it the JavaScript is still being compiled.
      for (let run = 0; run <= runs; run++) {
        const started = performance.now();
        for (let i = 0; i < packets; i++) expectVerdict(traffic, engine.forward(frameOf(), IFINDEX, 0));
        if (run > 0) perSecond.push((packets / (performance.now() - started)) * 1000);
      }
      const packetsPerSecond = summarize(perSecond);
      say(`${packet}, ${flows} flows: ${Math.round(packetsPerSecond.median)} packets/s`);
      speeds.push({ packet, flows, packetsPerSecond });
    }
  }
  return speeds;
}

async function engineFor(traffic: Traffic, flows: number): Promise<PortableEngine> {
  const surroundings = {
    ownMacs: [nodeMac],
    resolve: () => neighbour,
    mayComplain: () => true,
    mayHandUp: () => true,
    hasComplaintsLeft: () => true,
    hasHandUpsLeft: () => true,
  };
  const engine = new PortableEngine(surroundings, { flows: flowRoom(traffic, flows) });
  engine.apply(await tablesFor(traffic, benchAddresses(BACKENDS)));
  return engine;
}

/** Makes the engine know the flows that it should know; what it returns gives the frame of one flow after the other. */
function framesFor(engine: PortableEngine, traffic: Traffic, flows: number): () => Uint8Array {
  const packet = clientPacket(traffic);
  const first = firstPacket(traffic);
  const frame = packet.bytes.slice();
  let flow = 0;
  if (traffic.state === 'answer') {
    const { bytes, tuples } = recordTranslations(first, packet, flows, (sent) => {
      const verdict = engine.forward(sent, IFINDEX, 0);
      return verdict.action === 'transmit' ? verdict.frame : undefined;
    }).toClient;
    frame.set(bytes);
    return () => {
      frame.set(tuples.tuples[flow++ % tuples.tuples.length] as Uint8Array, tuples.offset);
      return frame;
    };
  }
  if (traffic.state === 'known') {
    const begin = first.bytes.slice();
    for (let n = 0; n < flows; n++) {
      writeFlow(begin, first, n);
      expectVerdict(traffic, engine.forward(begin, IFINDEX, 0));
    }
  }
  const differing = traffic.state === 'new' ? 2 ** 32 : flows;
  return () => {
    writeFlow(frame, packet, flow++ % differing);
    return frame;
  };
}

function expectVerdict({ state }: Traffic, verdict: ReturnType<PortableEngine['forward']>): void {
  const expected = state === 'unserved' ? 'pass' : 'transmit';
  if (verdict.action === expected) return;
  throw new BenchError('BENCH_VERDICT_UNEXPECTED', `expected a frame to end as ${expected}, found ${verdict.action}`);
}
