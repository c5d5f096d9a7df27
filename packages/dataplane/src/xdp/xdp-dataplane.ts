import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppliedChanges, Counters, Dataplane, ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { BpfObject, type TestRun, type TestRunOptions } from '../libbpf/bpf-object.js';
import { preparePinDirectory, unpin } from '../libbpf/bpffs.js';
import { macAddressOf } from '../libbpf/mac-address.js';
import { possibleCpus } from '../libbpf/native.js';
import { attachXdp, isAttached, type XdpAttachment, type XdpModeWanted } from '../libbpf/xdp-link.js';
import { LAYOUT_VERSION, OWN_MACS_MAX, ROWS_PER_LINE, Settings } from './layout.js';
import { closeAll, type FoundTables, findPinnedTables, linkPath, pinTables, removePins } from './pinned-tables.js';
import { directoryBuckets } from './service-directory.js';
import { TableMemory, type TableSizes, tableNames, tableShapes } from './table-memory.js';
import { StillResting, TableWriter } from './table-writer.js';

const OBJECT_PATH = fileURLToPath(new URL('../../obj/weir.bpf.o', import.meta.url));

/** Most that the tables can ever hold; memory is taken at once. */
export interface TableLimits {
  readonly services: number;
  /** Sum over services; at most 65,535. */
  readonly backends: number;
  /** Sum over services of the rows of their tables. Two tables a service are kept. */
  readonly rows: number;
}

export interface XdpDataplaneOptions {
  /** Where packets for VIPs arrive; none: the program runs only in {@link XdpDataplane.testRun}. */
  readonly interfaces: readonly string[];
  readonly mode: XdpModeWanted;
  /** On a BPF file system; one node, one directory. */
  readonly pinDirectory: string;
  readonly limits: TableLimits;
  /** False: each packet asks the kernel for its next hop. For comparison only. */
  readonly nexthopCache?: boolean;
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
  readonly #options: XdpDataplaneOptions;
  readonly #attachments = new Map<string, XdpAttachment>();
  #pinned: boolean;

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
    const sizes: TableSizes = {
      cpus: possibleCpus(),
      directoryBuckets: directoryBuckets(options.limits.services),
      services: options.limits.services,
      backends: options.limits.backends,
      rowLines: Math.ceil(options.limits.rows / ROWS_PER_LINE) + 2 * options.limits.services,
    };
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
      const constants = object.constants();
      constants.setUint32(Settings.cpus, sizes.cpus, true);
      constants.setUint32(Settings.directoryMask, sizes.directoryBuckets - 1, true);
      constants.setUint32(Settings.nexthopCache, options.nexthopCache === false ? 0 : 1, true);
      const shapes = tableShapes(sizes);
      if (found.kind === 'found') for (const [name, fd] of found.fds) object.reuseMap(name, fd);
      else for (const name of tableNames) object.resizeMap(name, shapes[name].elements);
      object.load();
      this.#memory = new TableMemory((name) => object.mapFd(name), sizes);
      this.#memory.layout = LAYOUT_VERSION;
      this.#writer = new TableWriter(this.#memory, () => performance.now());
      object.testRun('start_clock', new Uint8Array(0));
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
    this.#pinned = found.kind === 'found';
    this.origin =
      found.kind === 'found'
        ? { kind: 'taken over' }
        : { kind: 'new', ...(found.kind === 'unfit' ? { unfit: found.reason } : {}) };
  }

  async apply(tables: ForwardingTables): Promise<AppliedChanges> {
    const changes = await this.#write(tables);
    this.#attach();
    if (!this.#pinned) {
      pinTables(this.#options.pinDirectory, (name) => this.#object.mapFd(name));
      this.#pinned = true;
    }
    return changes;
  }

  async #write(tables: ForwardingTables): Promise<AppliedChanges> {
    for (;;) {
      try {
        return this.#writer.apply(tables);
      } catch (error) {
        if (!(error instanceof StillResting)) throw error;
        await wait(error.waitMs);
      }
    }
  }

  async counters(): Promise<Counters> {
    return this.#writer.counters();
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
      const attach = () => attachXdp(this.#object.programFd('weir'), name, mode, path);
      for (const attachment of attempt(name, attach)) this.#attachments.set(name, attachment);
    }
    for (const name of readdirSync(join(pinDirectory, 'links'))) {
      if (!interfaces.includes(name)) unpin(linkPath(pinDirectory, name));
    }
    // One interface that is missing must not keep the others from being served.
    if (failures.length > 0) throw failures[0];
  }

  /** Closes what this process holds; the program stays attached and the tables stay in force. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}
