import type { DropReason } from '../drop-reason.js';
import { dropReasons } from '../drop-reason.js';
import { MappedArray } from '../libbpf/mapped-array.js';
import {
  Backend,
  BackendCpu,
  DIRECTORY_BUCKET_BYTES,
  DirectoryEntry,
  DROPS_BYTES,
  OWN_MACS_MAX,
  ROW_LINE_BYTES,
  Service,
  State,
} from './layout.js';
import type { LineRange } from './row-space.js';
import type { ServiceDirectory } from './service-directory.js';

/** Elements of each table, chosen at load. */
export interface TableSizes {
  readonly cpus: number;
  /** Of one directory; the map holds two. A power of two. */
  readonly directoryBuckets: number;
  readonly services: number;
  readonly backends: number;
  readonly rowLines: number;
}

/** Bytes of an element and number of elements, by map; what a pinned map must have to be taken over. */
export function tableShapes(sizes: TableSizes): Readonly<Record<TableName, { bytes: number; elements: number }>> {
  return {
    state: { bytes: State.bytes, elements: 1 },
    directory: { bytes: DIRECTORY_BUCKET_BYTES, elements: sizes.directoryBuckets * 2 },
    services: { bytes: Service.bytes, elements: sizes.services },
    rows: { bytes: ROW_LINE_BYTES, elements: sizes.rowLines },
    backends: { bytes: Backend.bytes, elements: sizes.backends },
    backend_cpus: { bytes: BackendCpu.bytes, elements: sizes.backends * sizes.cpus },
    drops: { bytes: DROPS_BYTES, elements: sizes.cpus },
  };
}

export const tableNames = ['state', 'directory', 'services', 'rows', 'backends', 'backend_cpus', 'drops'] as const;
export type TableName = (typeof tableNames)[number];

/** First row << 32 | rows, the word by which a service names its table. */
export interface TableReference {
  readonly range: LineRange;
  readonly rows: number;
}

/**
 * The tables of bpf/lib/tables.h as this process maps them. Plain reads and writes of named fields; the order in which
 * they are safe is the writer's business.
 */
export class TableMemory implements Disposable {
  readonly sizes: TableSizes;
  readonly #maps: Readonly<Record<TableName, MappedArray>>;
  readonly #state: DataView;
  readonly #stateWords: Int32Array;
  readonly #services: DataView;
  readonly #serviceWords: BigUint64Array;
  readonly #backends: DataView;
  readonly #backendCounts: BigUint64Array;
  /** All rows of all tables: index into backends. */
  readonly rows: Uint16Array;

  /** @param fdOf  descriptor of a map, by name; borrowed */
  constructor(fdOf: (name: TableName) => number, sizes: TableSizes) {
    this.sizes = sizes;
    const shapes = tableShapes(sizes);
    const map = (name: TableName) => new MappedArray(fdOf(name), name, shapes[name].bytes, shapes[name].elements);
    this.#maps = {
      state: map('state'),
      directory: map('directory'),
      services: map('services'),
      rows: map('rows'),
      backends: map('backends'),
      backend_cpus: map('backend_cpus'),
      drops: map('drops'),
    };
    this.#state = new DataView(this.#maps.state.buffer);
    this.#stateWords = new Int32Array(this.#maps.state.buffer);
    this.#services = new DataView(this.#maps.services.buffer);
    this.#serviceWords = new BigUint64Array(this.#maps.services.buffer);
    this.#backends = new DataView(this.#maps.backends.buffer);
    this.#backendCounts = new BigUint64Array(this.#maps.backend_cpus.buffer);
    this.rows = new Uint16Array(this.#maps.rows.buffer);
  }

  get layout(): number {
    return this.#state.getUint32(State.layout, true);
  }

  set layout(version: number) {
    this.#state.setUint32(State.layout, version, true);
  }

  /**
   * A number that no backend has had yet, save after 2^32 of them. Never 0: a next hop that was never asked for has
   * the stamp 0.
   */
  takeEpoch(): number {
    const epoch = this.#state.getUint32(State.lastEpoch, true) + 1;
    this.#state.setUint32(State.lastEpoch, epoch, true);
    return epoch;
  }

  /** MAC addresses that frames for this node carry, 6 bytes each; none: any address will do. */
  setOwnMacs(macs: readonly Uint8Array[]): void {
    for (let i = 0; i < OWN_MACS_MAX; i++) {
      const bytes = new Uint8Array(8);
      bytes.set(macs[i] ?? []);
      const word = new DataView(bytes.buffer).getBigUint64(0, true);
      const offset = State.ownMacs + 8 * i;
      if (this.#state.getBigUint64(offset, true) !== word) this.#state.setBigUint64(offset, word, true);
    }
  }

  /** Writes a directory where the program does not look, then lets it look there. */
  flipDirectory(directory: ServiceDirectory): void {
    const half = 1 - (this.#state.getUint32(State.directory, true) & 1);
    const start = half * this.sizes.directoryBuckets * DIRECTORY_BUCKET_BYTES;
    new Uint8Array(this.#maps.directory.buffer, start, directory.bytes.byteLength).set(directory.bytes);
    this.#state.setBigUint64(State.directorySeed + 8 * half, directory.seed, true);
    this.#state.setUint32(State.anyPort + 4 * half, directory.anyPort ? 1 : 0, true);
    Atomics.store(this.#stateWords, State.directory / 4, half);
  }

  /** Entries of the directory in force: the VIP's 4 or 16 bytes, port, protocol number, service + 1. */
  *directoryEntries(): Generator<{ vip: Uint8Array; port: number; protocol: number; service: number }> {
    const half = this.#state.getUint32(State.directory, true) & 1;
    const bytes = this.sizes.directoryBuckets * DIRECTORY_BUCKET_BYTES;
    const view = new DataView(this.#maps.directory.buffer, half * bytes, bytes);
    for (let offset = 0; offset < bytes; offset += DirectoryEntry.bytes) {
      const service = view.getUint32(offset + DirectoryEntry.service, true);
      if (service === 0) continue;
      yield {
        vip: unmapped(new Uint8Array(view.buffer, view.byteOffset + offset + DirectoryEntry.vip, 16).slice()),
        port: view.getUint16(offset + DirectoryEntry.port),
        protocol: view.getUint8(offset + DirectoryEntry.protocol),
        service,
      };
    }
  }

  table(service: number, which: 'table' | 'spareTable'): TableReference | undefined {
    const word = this.#services.getBigUint64(service * Service.bytes + Service[which], true);
    const rows = Number(word & 0xffff_ffffn);
    if (rows === 0) return undefined;
    return { range: { first: Number(word >> 32n) / 32, lines: Math.ceil(rows / 32) }, rows };
  }

  /** One store of 64 bits: a packet sees the old table or the new one. */
  setTable(service: number, which: 'table' | 'spareTable', table: TableReference | undefined): void {
    const word = table === undefined ? 0n : (BigInt(table.range.first * 32) << 32n) | BigInt(table.rows);
    Atomics.store(this.#serviceWords, (service * Service.bytes + Service[which]) / 8, word);
  }

  clearService(service: number): void {
    new Uint8Array(this.#services.buffer, service * Service.bytes, Service.bytes).fill(0);
  }

  hashSeed(service: number): bigint {
    return this.#services.getBigUint64(service * Service.bytes + Service.hashSeed, true);
  }

  setHashSeed(service: number, seed: bigint): void {
    Atomics.store(this.#serviceWords, (service * Service.bytes + Service.hashSeed) / 8, seed);
  }

  /** What backends counted that this service no longer has. */
  retired(service: number): { packets: number; bytes: number } {
    const offset = service * Service.bytes;
    return {
      packets: Number(this.#services.getBigUint64(offset + Service.retiredPackets, true)),
      bytes: Number(this.#services.getBigUint64(offset + Service.retiredBytes, true)),
    };
  }

  retire(service: number, count: { packets: number; bytes: number }): void {
    const offset = service * Service.bytes;
    const before = this.retired(service);
    this.#services.setBigUint64(offset + Service.retiredPackets, BigInt(before.packets + count.packets), true);
    this.#services.setBigUint64(offset + Service.retiredBytes, BigInt(before.bytes + count.bytes), true);
  }

  /** The service that a backend's slot belongs to; undefined: the slot is free. */
  backendOwner(slot: number): number | undefined {
    const owner = this.#backends.getUint32(slot * Backend.bytes + Backend.service, true);
    return owner === 0 ? undefined : owner - 1;
  }

  /** A copy of the slot's first `bytes` bytes. */
  backendRoute(slot: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#backends.buffer, slot * Backend.bytes, bytes).slice();
  }

  /** Fills a free slot: no row points at it yet. Counters start at 0. */
  setBackend(slot: number, service: number, route: Uint8Array): void {
    const cpus = this.sizes.cpus;
    this.#backendCounts.fill(0n, slot * cpus * 8, (slot + 1) * cpus * 8);
    new Uint8Array(this.#backends.buffer, slot * Backend.bytes, route.byteLength).set(route);
    this.#backends.setUint32(slot * Backend.bytes + Backend.epoch, this.takeEpoch(), true);
    this.#backends.setUint32(slot * Backend.bytes + Backend.service, service + 1, true);
  }

  /** Marks a slot as free; its route stays for packets that are under way. */
  freeBackend(slot: number): void {
    this.#backends.setUint32(slot * Backend.bytes + Backend.service, 0, true);
  }

  backendCount(slot: number): { packets: number; bytes: number } {
    let packets = 0n;
    let bytes = 0n;
    for (let cpu = 0; cpu < this.sizes.cpus; cpu++) {
      const word = ((slot * this.sizes.cpus + cpu) * BackendCpu.bytes) / 8;
      packets += this.#backendCounts[word + BackendCpu.packets / 8] as bigint;
      bytes += this.#backendCounts[word + BackendCpu.bytesCounted / 8] as bigint;
    }
    return { packets: Number(packets), bytes: Number(bytes) };
  }

  drops(): Record<DropReason, number> {
    const counts = new BigUint64Array(this.#maps.drops.buffer);
    const perCpu = DROPS_BYTES / 8;
    const entries = dropReasons.map((reason, i) => {
      let sum = 0n;
      for (let cpu = 0; cpu < this.sizes.cpus; cpu++) sum += counts[cpu * perCpu + i] as bigint;
      return [reason, Number(sum)] as const;
    });
    return Object.fromEntries(entries) as Record<DropReason, number>;
  }

  [Symbol.dispose](): void {
    for (const map of Object.values(this.#maps)) map[Symbol.dispose]();
  }
}

/** ::ffff:a.b.c.d as the four bytes of IPv4. */
function unmapped(vip: Uint8Array): Uint8Array {
  const mapped = vip[10] === 0xff && vip[11] === 0xff && vip.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? vip.slice(12) : vip;
}
