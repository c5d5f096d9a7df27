import { bytesToAddress, ETHERNET_BYTES, EtherType } from '@weir/packet';
import { captureUnderWay, checkCapture } from '../check-capture.js';
import { checkSharing } from '../check-sharing.js';
import { checkTracedFrame } from '../check-traced-frame.js';
import type {
  AppliedChanges,
  Attachment,
  Counters,
  Dataplane,
  FlowTableFill,
  ForwardingTables,
  TableInForce,
  UnresolvedHop,
} from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import type { FlowSharing } from '../flow-sharing.js';
import type { FlowTableView } from '../flow-table-view.js';
import { interfaceIndex } from '../libbpf/xdp-link.js';
import type { CaptureFilter, CaptureLimits, PacketCapture } from '../packet-capture.js';
import type { PacketTrace } from '../packet-trace.js';
import { PortableEngine, type PortableLimits } from '../portable/portable-engine.js';
import type { Verdict } from '../portable/verdict.js';
import { checkTables } from '../xdp/wanted-service.js';
import { CountersSocket } from './counters-socket.js';
import { prepareDevice } from './device-settings.js';
import { IngressSteering } from './ingress-steering.js';
import { KernelRoads } from './kernel-roads.js';
import { PathMtu } from './path-mtu.js';
import { PortableCapture } from './portable-capture.js';
import { PortableSharing } from './portable-sharing.js';
import { presentTick } from './present-tick.js';
import { type Handed, RawSender } from './raw-sender.js';
import { tableInForce } from './table-in-force.js';
import { TunDevice } from './tun-device.js';

export interface PortableDataplaneOptions {
  /** Where packets for VIPs arrive. */
  readonly interfaces: readonly string[];
  /** Of the TUN device that they are led into; one node, one name. Default weir0. */
  readonly deviceName?: string;
  /** What is remembered at most; memory is taken as it comes. */
  readonly limits?: Partial<PortableLimits>;
  /** Where {@link readPortableCounters} asks, from the first {@link PortableDataplane.apply} on. Default: nowhere. */
  readonly countersSocket?: string;
}

const MACS_BYTES = 12;
const DEVICE_NAME = 'weir0';
const PACKET_BYTES_MAX = 65_535;
/** Packets between two looks at other work of this process. */
const BATCH_PACKETS = 64;
/** As long as a flow that is over may still be counted. A sweep walks the whole table. */
const SWEEP_MS = 1000;

/**
 * The engine for machines where BPF is not allowed: {@link PortableEngine} on packets from a TUN device. Filters at the
 * interfaces lead there what tables want to see; what is forwarded leaves by raw sockets; what is not meant for a service
 * goes back through the device to the kernel. Nothing outlives this process but filters, which the next start takes away.
 * One of them a network namespace.
 */
export class PortableDataplane implements Dataplane {
  readonly #parts: Parts;
  readonly #engine: PortableEngine;
  readonly #sharing: PortableSharing;
  readonly #roads: KernelRoads;
  readonly #flowView: FlowTableView;
  readonly #room = new Uint8Array(ETHERNET_BYTES + PACKET_BYTES_MAX);
  readonly #lost: Record<Exclude<Handed, 'sent'>, number> = { too_big: 0, no_route: 0 };
  readonly #sweeper: NodeJS.Timeout;
  readonly #loop: Promise<void>;
  #inForce: ForwardingTables['services'] = [];
  readonly #countersPath: string | undefined;
  #countersSocket: CountersSocket | undefined;
  #isUp = false;
  #capture: PortableCapture | undefined;
  #closed = false;

  /**
   * Makes the device and opens the sockets. Nothing is led there before the first {@link apply}.
   * @throws {DataplaneError} TUN_MISSING, TUN_NOT_PERMITTED, TUN_BUSY, TUN_FAILED, RAW_SOCKET_MISSING, RAW_SOCKET_REFUSED
   */
  static open(options: PortableDataplaneOptions): PortableDataplane {
    const { interfaces, deviceName = DEVICE_NAME } = options;
    const sender = new RawSender();
    try {
      const device = TunDevice.open(deviceName);
      const steering = new IngressSteering(deviceName, interfaces);
      return new PortableDataplane({ device, sender, mtu: new PathMtu(), steering }, options);
    } catch (error) {
      sender[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(parts: Parts, { limits, countersSocket }: PortableDataplaneOptions) {
    this.#parts = parts;
    this.#countersPath = countersSocket;
    this.#roads = new KernelRoads((address) => parts.mtu.to(address));
    this.#engine = new PortableEngine(this.#roads, limits);
    this.#flowView = this.#engine.flowView(presentTick);
    this.#sharing = new PortableSharing({
      engine: this.#engine,
      assertOpen: () => this.#assertOpen(),
      startBatch: () => this.#startBatch(),
      carryOut: (frame, verdict) => this.#carryOut(frame, verdict),
    });
    this.#sweeper = setInterval(() => {
      this.#engine.sweep(presentTick());
      this.#sharing.notify();
    }, SWEEP_MS);
    // Who forwards nothing any more must not go on: what this throws ends the process.
    this.#loop = this.#forwardAll();
  }

  async apply(tables: ForwardingTables): Promise<AppliedChanges> {
    this.#assertOpen();
    checkTables(tables);
    checkSharing(tables);
    if (!this.#isUp) await this.#bringUp();
    const changes = this.#engine.apply(tables);
    this.#inForce = tables.services;
    await this.#parts.steering.set(tables);
    return changes;
  }

  get sharing(): FlowSharing {
    return this.#sharing;
  }

  async counters(): Promise<Counters> {
    this.#assertOpen();
    return this.#count();
  }

  flowTableFill(): FlowTableFill {
    this.#assertOpen();
    return this.#engine.flowTableFill;
  }

  get flowTable(): FlowTableView {
    this.#assertOpen();
    return this.#flowView;
  }

  #count(): Counters {
    const { services, handovers, drops } = this.#engine.counters();
    const { too_big, no_route } = this.#lost;
    return {
      services,
      handovers,
      drops: { ...drops, too_big: drops.too_big + too_big, no_route: drops.no_route + no_route },
    };
  }

  takeNeededRows(): ReadonlyMap<string, readonly number[]> {
    this.#assertOpen();
    return this.#engine.takeNeededRows();
  }

  /** None: the kernel asks for neighbours itself, and keeps packets meanwhile. */
  takeUnresolved(): readonly UnresolvedHop[] {
    this.#assertOpen();
    return [];
  }

  tablesInForce(): ReadonlyMap<string, TableInForce> {
    this.#assertOpen();
    return new Map(this.#inForce.map(tableInForce));
  }

  /** Frames have no MAC addresses, and packets of no interface are told: what the device hands over has neither. */
  async capture(filter: CaptureFilter, limits: CaptureLimits, signal: AbortSignal): Promise<PacketCapture> {
    this.#assertOpen();
    checkCapture(filter, limits);
    if (this.#capture !== undefined) throw captureUnderWay();
    const capture = new PortableCapture(filter, limits, signal, () => {
      if (this.#capture === capture) this.#capture = undefined;
    });
    this.#capture = capture;
    return capture;
  }

  /** The kernel chooses link and neighbour: the frame that would leave has no MAC addresses, and no interface is named. */
  async trace(frame: Uint8Array, ingressInterface: string): Promise<PacketTrace> {
    this.#assertOpen();
    checkTracedFrame(frame);
    interfaceIndex(ingressInterface);
    const traced = this.#engine.trace(frame, 0, this.#startBatch());
    traced.packet?.fill(0, 0, MACS_BYTES);
    return traced;
  }

  attachments(): readonly Attachment[] {
    return this.#parts.steering.served.map((name) => ({ interface: name, mode: 'portable', adopted: false }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#sharing.release();
    const { steering, device, sender, mtu } = this.#parts;
    try {
      await this.#countersSocket?.[Symbol.asyncDispose]();
      await steering[Symbol.asyncDispose]();
    } finally {
      await device[Symbol.asyncDispose]();
      await this.#loop;
      sender[Symbol.dispose]();
      mtu[Symbol.dispose]();
    }
  }

  async #bringUp(): Promise<void> {
    await prepareDevice(this.#parts.device.name);
    const path = this.#countersPath;
    if (path !== undefined) this.#countersSocket ??= await CountersSocket.open(path, () => this.#count());
    this.#isUp = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new DataplaneError('DATAPLANE_CLOSED', 'the data plane was disposed of');
  }

  async #forwardAll(): Promise<void> {
    while (!this.#closed) {
      const packets = this.#forwardBatch();
      this.#sharing.notify();
      if (packets < BATCH_PACKETS) await this.#parts.device.readable();
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What is waiting, up to a batch; says how many packets. */
  #forwardBatch(): number {
    const { device } = this.#parts;
    const room = this.#room.subarray(ETHERNET_BYTES);
    const nowTicks = this.#startBatch();
    for (let packets = 0; packets < BATCH_PACKETS; packets++) {
      const bytes = device.read(room);
      if (bytes === 0) return packets;
      this.#forward(this.#room.subarray(0, ETHERNET_BYTES + bytes), nowTicks);
    }
    return BATCH_PACKETS;
  }

  #startBatch(): number {
    this.#roads.nowTicks = presentTick();
    return this.#roads.nowTicks;
  }

  #forward(frame: Uint8Array, nowTicks: number): void {
    const type = (frame[ETHERNET_BYTES] as number) >> 4 === 4 ? EtherType.ipv4 : EtherType.ipv6;
    new DataView(frame.buffer).setUint16(ETHERNET_BYTES - 2, type);
    const verdict = this.#engine.forward(frame, 0, nowTicks);
    this.#capture?.see(frame, verdict);
    this.#carryOut(frame, verdict);
  }

  #carryOut(frame: Uint8Array, verdict: Verdict): void {
    if (verdict.action === 'pass') this.#parts.device.write(frame.subarray(ETHERNET_BYTES));
    if (verdict.action !== 'transmit') return;
    const handed = this.#parts.sender.send(
      verdict.frame,
      ETHERNET_BYTES,
      this.#roads.nextHopOf(verdict.frame) ?? destinationOf(verdict.frame),
    );
    if (handed !== 'sent') this.#lost[handed]++;
  }
}

/** What is opened, and closed with the data plane. */
interface Parts {
  readonly device: TunDevice;
  readonly sender: RawSender;
  readonly mtu: PathMtu;
  readonly steering: IngressSteering;
}

/** In the IP header behind the one of Ethernet. */
function destinationOf(frame: Uint8Array): string {
  const isIpv4 = (frame[ETHERNET_BYTES] as number) >> 4 === 4;
  const at = ETHERNET_BYTES + (isIpv4 ? 16 : 24);
  return bytesToAddress(frame.subarray(at, at + (isIpv4 ? 4 : 16)));
}
