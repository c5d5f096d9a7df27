import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { familyOf } from '@weir/packet';
import { captureUnderWay, checkCapture } from '../check-capture.js';
import { checkSharing } from '../check-sharing.js';
import { checkTracedFrame } from '../check-traced-frame.js';
import {
  type AppliedChanges,
  allLocalPorts,
  type Counters,
  type Dataplane,
  defaultFlowTimeouts,
  type FlowTableFill,
  type ForwardingTables,
  type Guard,
  type TableInForce,
  type UnresolvedHop,
} from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import type { FlowTableView } from '../flow-table-view.js';
import { translatesAddresses } from '../forwarding-method.js';
import { BpfObject, type TestRun, type TestRunOptions } from '../libbpf/bpf-object.js';
import { preparePinDirectory, unpin } from '../libbpf/bpffs.js';
import { macAddressOf } from '../libbpf/mac-address.js';
import { possibleCpus } from '../libbpf/native.js';
import { attachXdp, interfaceIndex, isAttached, type XdpAttachment, type XdpModeWanted } from '../libbpf/xdp-link.js';
import type { CaptureFilter, CaptureLimits, PacketCapture } from '../packet-capture.js';
import type { PacketTrace } from '../packet-trace.js';
import { TICK_MS } from '../tick.js';
import { decodeBackend, decodeMethod, ROUTE_BYTES } from './backend-record.js';
import { decodeTrace } from './decode-trace.js';
import { type RememberedFlow, rememberedFlows } from './flow-reader.js';
import { XdpFlowView } from './flow-view.js';
import { Feature, FLOW_KEY_WORDS, LAYOUT_VERSION, OWN_MACS_MAX, Vlan } from './layout.js';
import { NetworkTable } from './network-table.js';
import { OwnerTables } from './owner-tables.js';
import {
  closeAll,
  type FoundTables,
  findPinnedTables,
  linkPath,
  pinPrograms,
  pinTables,
  removePins,
  unpinOtherPrograms,
} from './pinned-tables.js';
import { SWEEP_SETS_MIN, writeSettings } from './program-settings.js';
import { SettledBackends } from './settled-backends.js';
import { TableMemory } from './table-memory.js';
import { hashElements, type TableLimits, type TableSizes, tableNames, tableShapes, tableSizes } from './table-sizes.js';
import { StillResting, TableWriter } from './table-writer.js';
import { timeoutsInTicks } from './timeouts.js';
import { vlanInterfaces } from './vlan-interfaces.js';
import { checkTables } from './wanted-service.js';
import { XdpCapture } from './xdp-capture.js';
import { ringBytes, XdpSharing } from './xdp-sharing.js';
import { XdpTracer } from './xdp-tracer.js';

const NS_PER_SECOND = 1_000_000_000;
const noGuard: Guard = { deny: [], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };

const OBJECT_PATH = fileURLToPath(new URL('../../obj/weir.bpf.o', import.meta.url));

export interface XdpDataplaneOptions {
  /** Where packets for VIPs arrive; none: the program runs only in {@link XdpDataplane.testRun}. */
  readonly interfaces: readonly string[];
  readonly mode: XdpModeWanted;
  /** On a BPF file system; one node, one directory. */
  readonly pinDirectory: string;
  readonly limits: TableLimits;
  /** False: each packet asks the kernel for its next hop. For comparison only. */
  readonly nexthopCache?: boolean;
  /** Flows can be shared with other nodes: their tables may have `sharing`. Default: false. */
  readonly sharing?: boolean;
  /** `manual`: time stands still but for {@link XdpDataplane.setClock}. For tests. Default `kernel`. */
  readonly clock?: 'kernel' | 'manual';
}

/** How the tables came to be: made new, or found pinned, with what a former life had put in force. */
export type TablesOrigin =
  | { readonly kind: 'taken over' }
  | { readonly kind: 'new' }
  | { readonly kind: 'new'; readonly unfit: string };

/**
 * The engine in the kernel. Maps and links are pinned: forwarding goes on after this process, and the next one takes
 * the tables over. Where it can't (other limits, another layout), it fills new ones and then exchanges the program,
 * so that no packet meets half a table.
 */
export class XdpDataplane implements Dataplane {
  readonly origin: TablesOrigin;
  readonly #object: BpfObject;
  readonly #memory: TableMemory;
  readonly #writer: TableWriter;
  readonly #networks: NetworkTable;
  readonly #owners: OwnerTables;
  readonly #settledBackends: SettledBackends;
  readonly #sharing: XdpSharing | undefined;
  readonly #flowView: XdpFlowView;
  readonly #options: XdpDataplaneOptions;
  readonly #attachments = new Map<string, XdpAttachment>();
  #pinned: boolean;
  #programsPinned = false;
  #isSharing = false;
  readonly #programsId = randomUUID();
  #tracer: Promise<XdpTracer> | undefined;
  #capture: XdpCapture | undefined;
  #isCapturing = false;
  /** The program that interfaces get. */
  #attachedFd: number;
  #closed = false;

  /**
   * Loads the program and finds or makes the tables. Nothing is attached before the first {@link apply}.
   * @throws {DataplaneError} BPF_NOT_PERMITTED, BPF_LOAD_REFUSED, BPF_FILESYSTEM, BPF_OBJECT_MISSING, BPF_LIBRARY_MISSING
   */
  static open(options: XdpDataplaneOptions): XdpDataplane {
    preparePinDirectory(options.pinDirectory);
    if (options.interfaces.length > OWN_MACS_MAX) {
      throw new DataplaneError(
        'TABLES_TOO_LARGE',
        `a node serves at most ${OWN_MACS_MAX} interfaces, not ${options.interfaces.length}`,
      );
    }
    const sizes = tableSizes(options.limits, possibleCpus());
    const found = findPinnedTables(options.pinDirectory, sizes);
    try {
      return new XdpDataplane(options, sizes, found);
    } finally {
      if (found.kind === 'found') closeAll(found.fds);
    }
  }

  /** Detaches the program from all interfaces and forgets tables and counters. */
  static remove(pinDirectory: string): void {
    removePins(pinDirectory);
  }

  private constructor(options: XdpDataplaneOptions, sizes: TableSizes, found: FoundTables) {
    this.#options = options;
    const object = new BpfObject(OBJECT_PATH);
    this.#object = object;
    try {
      writeSettings(object, sizes, options);
      const shapes = tableShapes(sizes);
      if (found.kind === 'found') for (const [name, fd] of found.fds) object.reuseMap(name, fd);
      else {
        for (const name of tableNames) object.resizeMap(name, shapes[name].elements);
        for (const [name, elements] of Object.entries(hashElements(sizes))) object.resizeMap(name, elements);
      }
      if (options.sharing) for (const [name, bytes] of Object.entries(ringBytes)) object.resizeMap(name, bytes);
      object.load();
      for (const [index, name] of ['weir_seldom', 'weir_settle'].entries()) {
        object.updateElement('programs', asValue(index), asValue(object.programFd(name)));
      }
      this.#memory = new TableMemory((name) => object.mapFd(name), sizes);
      if (found.kind !== 'found') this.#memory.setFlowKeys(crypto.getRandomValues(new Uint32Array(FLOW_KEY_WORDS)));
      this.#memory.layout = LAYOUT_VERSION;
      // What a process that was killed may have left.
      this.#memory.endSettling();
      this.#networks = new NetworkTable(object.mapFd('networks'));
      this.#owners = new OwnerTables((name) => object.mapFd(name), hashElements(sizes).answerers);
      this.#writer = new TableWriter(this.#memory, () => performance.now());
      this.#settledBackends = new SettledBackends(this.#memory);
      this.#sharing = options.sharing
        ? new XdpSharing(this.#memory, this.#settledBackends, (name) => object.mapFd(name), {
            one: (frame, runOptions) => object.testRun('weir_settle', frame, runOptions),
            // Through the program that is attached: the kernel would stop for tens of ms to get to know another one.
            live: (frame, runOptions) => object.testRun('weir', frame, { ...runOptions, live: true }),
            all: () => void object.testRun('settle_all', new Uint8Array(0)),
            repeats: () => [...this.#attachments.values()].some((attachment) => attachment.mode === 'native'),
          })
        : undefined;
      this.#flowView = new XdpFlowView(this.#memory, {
        serviceNames: () => this.#writer.serviceNames(),
        imageAt: (place, tag) => this.#sharing?.imageAt(place, tag),
      });
      if (options.clock !== 'manual') object.testRun('start_clock', new Uint8Array(0));
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
    this.#attachedFd = object.programFd('weir');
    this.#pinned = found.kind === 'found';
    this.origin =
      found.kind === 'found'
        ? { kind: 'taken over' }
        : { kind: 'new', ...(found.kind === 'unfit' ? { unfit: found.reason } : {}) };
  }

  async apply(tables: ForwardingTables): Promise<AppliedChanges> {
    this.#assertOpen();
    const changes = await this.#write(tables);
    this.#learnVlans();
    const { pinDirectory } = this.#options;
    // Before a packet meets the program: should this process end in between, the kernel would empty what is not pinned.
    if (!this.#pinned) pinTables(pinDirectory, (name) => this.#object.mapFd(name));
    this.#pinned = true;
    if (!this.#programsPinned) pinPrograms(pinDirectory, this.#programsId, this.#object.mapFd('programs'));
    this.#programsPinned = true;
    this.#attach();
    if (!this.#isSharing) this.#sharing?.begin();
    this.#isSharing = true;
    // A former program is attached nowhere now, and calls nobody any more.
    unpinOtherPrograms(pinDirectory, this.#programsId);
    return changes;
  }

  async #write(tables: ForwardingTables): Promise<AppliedChanges> {
    const wanted = checkTables(tables);
    checkSharing(tables);
    if (tables.sharing !== undefined && this.#sharing === undefined) {
      throw new DataplaneError('TABLES_INVALID', 'sharing: the data plane was opened without it');
    }
    const before = this.#memory.features;
    const features = this.#setSettings(tables);
    this.#owners.setAnswerers(tables);
    for (;;) {
      try {
        const changes = this.#writer.apply(wanted, tables.hashSeed, (peers) => this.#owners.setPeers(peers));
        this.#memory.setFeatures(features);
        this.#settledBackends.forget();
        return changes;
      } catch (error) {
        if (!(error instanceof StillResting)) {
          this.#memory.setFeatures(before);
          throw error;
        }
        await wait(error.waitMs);
        this.#assertOpen();
      }
    }
  }

  /** What belongs to the node and not to one service. Returns the features that are needed once the tables are in force. */
  #setSettings(tables: ForwardingTables): number {
    const { sources, localAddresses = [], localPorts = allLocalPorts, guard = noGuard, sharing } = tables;
    this.#networks.set(guard);
    for (const family of [4, 6] as const) {
      const ofFamily = localAddresses.filter((address) => familyOf(address) === family);
      this.#memory.setLocalAddresses(family, ofFamily);
      this.#memory.setOwnAddress(family, family === 4 ? sources.ipv4 : sources.ipv6);
    }
    this.#memory.setLocalPorts(localPorts);
    if (sharing !== undefined) {
      const { tellAfterMs, takeoversPerSecond } = sharing;
      const missedEvery = takeoversPerSecond === 0 ? 0 : Math.ceil(NS_PER_SECOND / takeoversPerSecond);
      this.#memory.setSharing(Math.ceil(tellAfterMs / TICK_MS), BigInt(missedEvery));
    }
    this.#memory.setTimeouts(timeoutsInTicks(tables.timeouts ?? defaultFlowTimeouts));
    this.#memory.setRates(guard.newFlowsPerSecond, guard.newFlowsPerSource);
    const translates = tables.services.some(({ forwarding }) => translatesAddresses(forwarding));
    const features =
      (translates ? Feature.translation : 0) |
      (this.#networks.denies ? Feature.deny : 0) |
      (guard.newFlowsPerSecond > 0 || guard.newFlowsPerSource > 0 ? Feature.rates : 0) |
      (sharing === undefined ? 0 : Feature.sharing) |
      (sharing?.datagrams === true ? Feature.datagrams : 0);
    // What is new has to work before the first packet needs it; what goes, only after the last.
    this.#memory.setFeatures(features | this.#memory.features);
    return features;
  }

  /** Interfaces that are VLANs of others may have come or gone. */
  #learnVlans(): void {
    const key = Buffer.alloc(4);
    const value = Buffer.alloc(Vlan.bytes);
    for (const { ifindex, parentIfindex, id } of vlanInterfaces()) {
      key.writeUInt32LE(ifindex);
      value.writeUInt32LE(parentIfindex, Vlan.ifindex);
      value.writeUInt32LE(id, Vlan.id);
      this.#object.updateElement('vlans', key, value);
    }
  }

  /** The flows that are remembered, those that are over but not swept out yet included. */
  flows(): Iterable<RememberedFlow> {
    this.#assertOpen();
    return rememberedFlows(this.#memory);
  }

  get flowTable(): FlowTableView {
    this.#assertOpen();
    return this.#flowView;
  }

  /** @throws {DataplaneError} TABLES_INVALID: opened without {@link XdpDataplaneOptions.sharing} */
  get sharing(): XdpSharing {
    this.#assertOpen();
    if (this.#sharing === undefined) {
      throw new DataplaneError('TABLES_INVALID', 'sharing: the data plane was opened without it');
    }
    return this.#sharing;
  }

  takeNeededRows(): ReadonlyMap<string, readonly number[]> {
    this.#assertOpen();
    return this.#writer.takeNeededRows();
  }

  takeUnresolved(): readonly UnresolvedHop[] {
    this.#assertOpen();
    return this.#memory.takeUnresolved();
  }

  tablesInForce(): ReadonlyMap<string, TableInForce> {
    this.#assertOpen();
    return this.#writer.tablesInForce();
  }

  /**
   * Moves a manual clock, and takes out the flows that are over by then.
   * @param ticks  of TICK_MS; never less than before
   */
  setClock(ticks: number): void {
    this.#memory.now = ticks;
    this.#sharing?.attend();
    const { nearSets, flowSets } = this.#memory.sizes;
    const slices = Math.ceil((nearSets + flowSets) / SWEEP_SETS_MIN);
    for (let i = 0; i < slices; i++) this.#object.testRun('sweep_once', new Uint8Array(0));
  }

  async counters(): Promise<Counters> {
    this.#assertOpen();
    return this.#writer.counters();
  }

  async trace(frame: Uint8Array, ingressInterface: string): Promise<PacketTrace> {
    this.#assertOpen();
    checkTracedFrame(frame);
    const ifindex = interfaceIndex(ingressInterface);
    this.#tracer ??= this.#loadTracer();
    const tracer = await this.#tracer;
    this.#assertOpen();
    return decodeTrace(tracer.run(frame, ifindex), ifindex, {
      service: (index) => this.#writer.nameOf(index),
      backend: (slot) => {
        const route = this.#memory.backendRoute(slot, ROUTE_BYTES);
        const { owners } = this.#memory;
        const isNode = owners !== undefined && this.#memory.backendOwner(slot) === owners;
        return { ...decodeBackend(route), forwarding: decodeMethod(route), isNode };
      },
    });
  }

  async capture(filter: CaptureFilter, limits: CaptureLimits, signal: AbortSignal): Promise<PacketCapture> {
    this.#assertOpen();
    checkCapture(filter, limits);
    if (this.#isCapturing) throw captureUnderWay();
    this.#isCapturing = true;
    try {
      const host = {
        sizes: this.#memory.sizes,
        mapFd: (name: string) => this.#object.mapFd(name),
        exchange: (programFd: number | undefined) => this.#exchange(programFd),
      };
      this.#capture = await XdpCapture.start(host, filter, limits, signal);
      return this.#capture;
    } catch (error) {
      this.#isCapturing = false;
      throw error;
    }
  }

  /** Puts a program that captures on the interfaces; undefined: the usual one again. */
  #exchange(capturing: number | undefined): void {
    const { mode, pinDirectory } = this.#options;
    this.#attachedFd = capturing ?? this.#object.programFd('weir');
    for (const name of this.#attachments.keys()) attachXdp(this.#attachedFd, name, mode, linkPath(pinDirectory, name));
    if (capturing === undefined) this.#isCapturing = false;
  }

  /** Once it has failed, the next trace tries again. */
  async #loadTracer(): Promise<XdpTracer> {
    try {
      return await XdpTracer.load(this.#memory.sizes, (name) => this.#object.mapFd(name), this.#options);
    } catch (error) {
      this.#tracer = undefined;
      throw error;
    }
  }

  flowTableFill(): FlowTableFill {
    this.#assertOpen();
    return this.#memory.flowTableFill();
  }

  attachments(): readonly XdpAttachment[] {
    return [...this.#attachments.values()];
  }

  /** Descriptor of the program, to be called from others; borrowed. */
  get programFd(): number {
    return this.#object.programFd('weir');
  }

  /** Runs the program on a packet as if it had arrived; counters change, nothing is sent. @see BpfObject.testRun */
  testRun(packet: Uint8Array, options: TestRunOptions = {}): TestRun {
    return this.#object.testRun('weir', packet, options);
  }

  /** Serves the interfaces that are not served yet, or not any more, and no others. */
  #attach(): void {
    const { interfaces, mode, pinDirectory } = this.#options;
    const failures: unknown[] = [];
    const attempt = <T>(name: string, act: () => T): T[] => {
      try {
        return [act()];
      } catch (error) {
        this.#attachments.delete(name);
        failures.push(error);
        return [];
      }
    };
    // Before the program runs there: it takes only frames that are addressed to one of these.
    this.#memory.setOwnMacs(interfaces.flatMap((name) => attempt(name, () => macAddressOf(name))));
    mkdirSync(join(pinDirectory, 'links'), { recursive: true });
    for (const name of interfaces) {
      const path = linkPath(pinDirectory, name);
      if (this.#attachments.has(name) && isAttached(name, path)) continue;
      const attach = () => attachXdp(this.#attachedFd, name, mode, path);
      for (const attachment of attempt(name, attach)) this.#attachments.set(name, attachment);
    }
    for (const name of readdirSync(join(pinDirectory, 'links'))) {
      if (!interfaces.includes(name)) unpin(linkPath(pinDirectory, name));
    }
    // One interface that is missing must not keep the others from being served.
    if (failures.length > 0) throw failures[0];
  }

  /** The tables' memory is not this process' any more after disposal: to touch it would end the process. */
  #assertOpen(): void {
    if (this.#closed) throw new DataplaneError('DATAPLANE_CLOSED', 'the data plane was disposed of');
  }

  /** Closes what this process holds; the program stays attached and the tables stay in force. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#capture?.[Symbol.asyncDispose]();
    await this.#sharing?.close();
    // One that was not loaded has told who waited for it.
    (await this.#tracer?.catch(() => undefined))?.[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

/** A key or a value of 32 bits. */
function asValue(number: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(number);
  return value;
}
