import { addressToBytes, bytesToAddress } from '@weir/packet';
import type {
  BackendCount,
  ConnectionAttempts,
  FlowTableFill,
  PortRange,
  ServiceKey,
  UnresolvedHop,
} from '../dataplane.js';
import type { DropReason } from '../drop-reason.js';
import { dropReasons } from '../drop-reason.js';
import { MappedArray } from '../libbpf/mapped-array.js';
import type { Endpoint } from '../portable/tuple.js';
import { sampledFill } from './flow-table-fill.js';
import {
  ADDRESS_BYTES,
  Answer,
  AnswerAddresses,
  Attempts,
  Backend,
  BackendCpu,
  Connections,
  DIRECTORY_BUCKET_BYTES,
  DROPS_BYTES,
  FLOW_KEY_WORDS,
  Flow,
  LOCAL_ADDRESSES_MAX,
  NO_WAY_OUT,
  OWN_MACS_MAX,
  RANGE_LINE_BYTES,
  ROWS_PER_LINE,
  Service,
  ServiceFlag,
  SettleRun,
  SharingCounts,
  State,
  TABLE_OF_CHOICES,
  Translation,
  Unresolved,
  WAY_OUT_BITS,
} from './layout.js';
import type { LineRange } from './row-space.js';
import { listenersIn, type ServiceDirectory } from './service-directory.js';
import { SERVICE_WORD_BYTES } from './service-word.js';
import { type TableName, type TableSizes, tableShapes } from './table-sizes.js';
import { WrappingCounts } from './wrapping-counts.js';

/** Bits of an epoch that flows keep (bpf/lib/flow_value.h). */
const EPOCH_MASK = 0xfff;

/** FLOW_BUSY (bpf/lib/flow_find.h): a tag that says that another CPU writes here; what is less is free. */
export const BUSY = 1n;

const HASH_KEY_BYTES = 16;

/** First row << 32 | rows, the word by which a service names its table. */
export interface TableReference {
  readonly range: LineRange;
  readonly rows: number;
  /** Each row is {@link CHOICES_MAX} of them. */
  readonly ofChoices: boolean;
}

/** What a backend has counted of all times. */
export type RetiredCount = Pick<BackendCount, 'packets' | 'bytes' | 'newFlows'>;

/** Who talks to whom in a flow of nat or fullnat. */
export interface TranslatedEnds {
  readonly client: Endpoint;
  readonly vip: Endpoint;
  /** Whom the backend sees. */
  readonly local: Endpoint;
}

/** When a backend takes flows, beside its route. */
export interface BackendLimits {
  readonly weight: number;
  readonly upper: number;
  readonly lower: number;
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
  readonly #backendCounts: Uint32Array;
  readonly #connections: Uint32Array;
  readonly #attempts: BigUint64Array;
  readonly #begun: WrappingCounts;
  /** All rows of all tables: index into backends, and ROW_KEPT. */
  readonly rows: Uint16Array;
  /** Beside {@link rows}: 1 where a packet found a flow of another backend than the row's. */
  readonly uses: Uint8Array;
  /** All places of the flow table: tag and value, 64 bits each. */
  readonly flows: BigUint64Array;

  /** @param fdOf  descriptor of a map, by name; borrowed */
  constructor(fdOf: (name: TableName) => number, sizes: TableSizes) {
    this.sizes = sizes;
    const maps = Object.entries(tableShapes(sizes)).map(([name, { bytes, elements }]) => [
      name,
      new MappedArray(fdOf(name as TableName), name, bytes, elements),
    ]);
    this.#maps = Object.fromEntries(maps) as Record<TableName, MappedArray>;
    this.#state = new DataView(this.#maps.state.buffer);
    this.#stateWords = new Int32Array(this.#maps.state.buffer);
    this.#services = new DataView(this.#maps.services.buffer);
    this.#serviceWords = new BigUint64Array(this.#maps.services.buffer);
    this.#backends = new DataView(this.#maps.backends.buffer);
    this.#backendCounts = new Uint32Array(this.#maps.backend_cpus.buffer);
    this.#connections = new Uint32Array(this.#maps.connections.buffer);
    this.#attempts = new BigUint64Array(this.#maps.attempts.buffer);
    this.#begun = new WrappingCounts(sizes.backends);
    this.rows = new Uint16Array(this.#maps.rows.buffer);
    this.uses = new Uint8Array(this.#maps.uses_of_rows.buffer);
    this.flows = new BigUint64Array(this.#maps.flows.buffer);
  }

  get layout(): number {
    return this.#state.getUint32(State.layout, true);
  }

  set layout(version: number) {
    this.#state.setUint32(State.layout, version, true);
  }

  /** Ports of local addresses that new flows of fullnat take. */
  setLocalPorts({ first, last }: PortRange): void {
    this.#state.setUint32(State.localFirst, first, true);
    this.#state.setUint32(State.localPorts, last - first + 1, true);
  }

  /**
   * @param tellAfter  ticks from a flow's first packet until it is told
   * @param missedEvery  ns from one packet of an unknown flow that is handed up to the next; 0: none is
   */
  setSharing(tellAfter: number, missedEvery: bigint): void {
    this.#state.setUint32(State.tellAfter, tellAfter, true);
    this.#state.setBigUint64(State.missedEvery, missedEvery, true);
  }

  /** Sums over all CPUs. */
  sharingCounts(): Readonly<Record<Exclude<keyof typeof SharingCounts, 'bytes'>, number>> {
    const words = new BigUint64Array(this.#maps.sharing.buffer);
    const sum = (offset: number) => {
      let total = 0n;
      for (let word = offset / 8; word < words.length; word += SharingCounts.bytes / 8) total += words[word] as bigint;
      return Number(total);
    };
    const { told, ended, missed, overRate, lost } = SharingCounts;
    return { told: sum(told), ended: sum(ended), missed: sum(missed), overRate: sum(overRate), lost: sum(lost) };
  }

  /** What user space gives back to the program, {@link SETTLEMENTS} of them. */
  get settlements(): ArrayBuffer {
    return this.#maps.settlements.buffer;
  }

  /**
   * Before the first of so many settlements is taken.
   * @param nonce  that frames carry
   */
  beginSettling(count: number, nonce: bigint): void {
    const run = new DataView(this.#maps.settle_runs.buffer);
    run.setUint32(SettleRun.next, 0, true);
    run.setUint32(SettleRun.count, count, true);
    run.setBigUint64(SettleRun.nonce, nonce, true);
    Atomics.store(this.#stateWords, State.settling / 4, 1);
  }

  /** Up to this tick somebody looks at what the program hands up. */
  set askedUntil(ticks: number) {
    Atomics.store(this.#stateWords, State.askedUntil / 4, ticks);
  }

  endSettling(): void {
    Atomics.store(this.#stateWords, State.settling / 4, 0);
  }

  /** Ticks (TICK_MS), that the kernel's timer counts. */
  get now(): number {
    return this.#state.getUint32(State.now, true);
  }

  set now(ticks: number) {
    this.#state.setUint32(State.now, ticks, true);
  }

  /** Secret words that the flow table's places depend on; only before the first packet. */
  setFlowKeys(keys: Uint32Array): void {
    for (let i = 0; i < FLOW_KEY_WORDS; i++) {
      this.#state.setUint32(State.flowKeys + 4 * i, keys[i] as number, true);
    }
  }

  flowKeys(): Uint32Array {
    return new Uint32Array(this.#maps.state.buffer, State.flowKeys, FLOW_KEY_WORDS);
  }

  /**
   * Of the flow at a place of the flow table, if it is one of nat or fullnat; undefined: it has no answers.
   *
   * @param isFullnat  the backend sees an address and port of a node, not the client's
   */
  translatedEnds(place: number, addressBytes: 4 | 16, isFullnat: boolean): TranslatedEnds | undefined {
    const at = this.#answerOf(place);
    if (at === undefined) return undefined;
    const { translations, answers, addresses_of_answers: addresses } = this.#maps;
    const there = new DataView(translations.buffer, place * Translation.bytes, Translation.bytes);
    const back = new DataView(answers.buffer, at * Answer.bytes, Answer.bytes);
    const copied = (buffer: ArrayBuffer, start: number) => new Uint8Array(buffer, start, addressBytes).slice();
    const address = (ofIpv4: number, ofIpv6: number) =>
      addressBytes === 4
        ? copied(answers.buffer, at * Answer.bytes + ofIpv4)
        : copied(addresses.buffer, at * AnswerAddresses.bytes + ofIpv6);
    const client = { address: address(Answer.client, AnswerAddresses.client), port: back.getUint16(Answer.clientPort) };
    const vip = { address: address(Answer.vip, AnswerAddresses.vip), port: back.getUint16(Answer.vipPort) };
    if (!isFullnat) return { client, vip, local: client };
    const local =
      addressBytes === 4
        ? copied(translations.buffer, place * Translation.bytes + Translation.local)
        : copied(addresses.buffer, at * AnswerAddresses.bytes + AnswerAddresses.local);
    return { client, vip, local: { address: local, port: there.getUint16(Translation.localPort) } };
  }

  /** Places of the table of answers that are taken: whose flow's place, which backend, when they were seen for the last time. */
  *answers(): Generator<{ place: number; slot: number; epoch: number; seen: number }> {
    const view = new DataView(this.#maps.answers.buffer);
    for (let at = 0; at < view.byteLength; at += Answer.bytes) {
      if (view.getBigUint64(at + Answer.tag, true) <= BUSY) continue;
      yield {
        place: view.getUint32(at + Answer.place, true),
        slot: view.getUint16(at + Answer.backend, true),
        epoch: view.getUint16(at + Answer.epoch, true),
        seen: view.getUint32(at + Answer.seenWay, true) >>> WAY_OUT_BITS,
      };
    }
  }

  /** The answers of the flow at a place, if it has any, were seen in that tick for the last time. */
  setAnswersSeen(place: number, tick: number): void {
    const at = this.#answerOf(place);
    if (at === undefined) return;
    const word = ((tick << WAY_OUT_BITS) | NO_WAY_OUT) >>> 0;
    new DataView(this.#maps.answers.buffer).setUint32(at * Answer.bytes + Answer.seenWay, word, true);
  }

  /** Where the answers of the flow at a place stand: each names the other, unless that is what is left of a flow that has gone. */
  #answerOf(place: number): number | undefined {
    const { translations, answers } = this.#maps;
    const start = place * Translation.bytes;
    if (start + Translation.bytes > translations.buffer.byteLength) return undefined;
    const at = new DataView(translations.buffer).getUint32(start + Translation.answer, true);
    if ((at + 1) * Answer.bytes > answers.buffer.byteLength) return undefined;
    const answer = new DataView(answers.buffer, at * Answer.bytes, Answer.bytes);
    const isThere = answer.getBigUint64(Answer.tag, true) > BUSY && answer.getUint32(Answer.place, true) === place;
    return isThere ? at : undefined;
  }

  /** In ticks, by enum flow_state. */
  setTimeouts(ticks: readonly number[]): void {
    for (const [state, value] of ticks.entries()) this.#state.setUint32(State.timeout + 4 * state, value, true);
  }

  /** New flows a second, of this node and of one source; 0: no limit. */
  setRates(node: number, source: number): void {
    this.#state.setUint32(State.nodeRate, node, true);
    this.#state.setUint32(State.sourceRate, source, true);
  }

  get features(): number {
    return this.#state.getUint32(State.features, true);
  }

  /** Bits of {@link Feature}. */
  setFeatures(bits: number): void {
    Atomics.store(this.#stateWords, State.features / 4, bits);
  }

  /** The service whose backends are the nodes; undefined: flows have no owners. */
  get owners(): number | undefined {
    const index = this.#state.getUint32(State.owners, true);
    return index === 0 ? undefined : index - 1;
  }

  /** This node's among the backends of that service. */
  get ownSlot(): number {
    return this.#state.getUint32(State.ownSlot, true);
  }

  /** @param ownSlot  this node's among the backends of that service */
  setOwners(service: number | undefined, ownSlot: number): void {
    Atomics.store(this.#stateWords, State.ownSlot / 4, ownSlot);
    Atomics.store(this.#stateWords, State.owners / 4, service === undefined ? 0 : service + 1);
  }

  /** Where ICMP errors of the node itself come from. */
  setOwnAddress(family: 4 | 6, address: string | undefined): void {
    this.#setAddress(State.ownAddress + (family === 4 ? 0 : ADDRESS_BYTES), address);
  }

  /** Addresses that fullnat's packets to backends come from. */
  setLocalAddresses(family: 4 | 6, addresses: readonly string[]): void {
    const pool = family === 4 ? 0 : 1;
    const start = State.localAddress + pool * LOCAL_ADDRESSES_MAX * ADDRESS_BYTES;
    for (const [i, address] of addresses.entries()) this.#setAddress(start + i * ADDRESS_BYTES, address);
    Atomics.store(this.#stateWords, State.localCount / 4 + pool, addresses.length);
  }

  #setAddress(offset: number, address: string | undefined): void {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    if (address !== undefined) bytes.set(addressToBytes(address));
    new Uint8Array(this.#state.buffer, offset, ADDRESS_BYTES).set(bytes);
  }

  /**
   * Another number than the slot's last backend had, also in the bits that flows keep. Never 0 in them: a next hop that
   * was never asked for has the stamp 0.
   */
  #nextEpoch(slot: number): number {
    const next = (this.backendEpoch(slot) + 1) >>> 0;
    return (next & EPOCH_MASK) === 0 ? next + 1 : next;
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

  get #half(): number {
    return this.#state.getUint32(State.directory, true) & 1;
  }

  /** Lines of port ranges that belong to the directory that is not in force. */
  get spareRangeLines(): { readonly first: number; readonly count: number } {
    return { first: (1 - this.#half) * this.sizes.rangeLines, count: this.sizes.rangeLines };
  }

  /** Writes a directory where the program does not look, then lets it look there. */
  flipDirectory(directory: ServiceDirectory): void {
    const half = 1 - this.#half;
    const start = half * this.sizes.directoryBuckets * DIRECTORY_BUCKET_BYTES;
    const ranges = new Uint8Array(
      this.#maps.port_ranges.buffer,
      half * this.sizes.rangeLines * RANGE_LINE_BYTES,
      this.sizes.rangeLines * RANGE_LINE_BYTES,
    );
    ranges.set(directory.rangeLines);
    ranges.fill(0, directory.rangeLines.byteLength);
    new Uint8Array(this.#maps.directory.buffer, start, directory.bytes.byteLength).set(directory.bytes);
    this.#state.setBigUint64(State.directorySeed + 8 * half, directory.seed, true);
    this.#state.setUint32(State.anyPort + 4 * half, directory.anyPort ? 1 : 0, true);
    Atomics.store(this.#stateWords, State.directory / 4, half);
  }

  /** Listeners of the directory in force, and the index of the service that each leads to. */
  listeners(): (readonly [ServiceKey, number])[] {
    const bytes = this.sizes.directoryBuckets * DIRECTORY_BUCKET_BYTES;
    const directory = new DataView(this.#maps.directory.buffer, this.#half * bytes, bytes);
    return [...listenersIn(directory, new DataView(this.#maps.port_ranges.buffer))];
  }

  table(service: number, which: 'table' | 'spareTable'): TableReference | undefined {
    const word = this.#services.getBigUint64(service * Service.bytes + Service[which], true);
    const rows = Number(word & BigInt(TABLE_OF_CHOICES - 1));
    if (rows === 0) return undefined;
    const range = { first: Number(word >> 32n) / ROWS_PER_LINE, lines: Math.ceil(rows / ROWS_PER_LINE) };
    return { range, rows, ofChoices: (word & BigInt(TABLE_OF_CHOICES)) !== 0n };
  }

  /** One store of 64 bits: a packet sees the old table or the new one. */
  setTable(service: number, which: 'table' | 'spareTable', table: TableReference | undefined): void {
    const word = table === undefined ? 0n : tableWord(table);
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

  /** A copy of SipHash's key that finds rows of choices. */
  hashKey(service: number): Uint8Array {
    return new Uint8Array(this.#services.buffer, service * Service.bytes + Service.hashKey, HASH_KEY_BYTES).slice();
  }

  setHashKey(service: number, key: Uint8Array): void {
    new Uint8Array(this.#services.buffer, service * Service.bytes + Service.hashKey, HASH_KEY_BYTES).set(key);
  }

  /** A copy of what {@link setServiceWord} stored. */
  serviceWord(service: number): Uint8Array {
    return new Uint8Array(this.#services.buffer, service * Service.bytes + Service.pick, SERVICE_WORD_BYTES).slice();
  }

  isWatched(service: number): boolean {
    return (this.#services.getUint8(service * Service.bytes + Service.flags) & ServiceFlag.watched) !== 0;
  }

  /** How the service chooses, in one store; then how long it keeps clients' networks. @see encodeServiceWord */
  setServiceWord(service: number, word: Uint8Array): void {
    const view = new DataView(word.buffer, word.byteOffset);
    this.#services.setUint32(service * Service.bytes + Service.persistence, view.getUint32(8, true), true);
    Atomics.store(this.#serviceWords, (service * Service.bytes + Service.pick) / 8, view.getBigUint64(0, true));
  }

  /** Hash of the listener that names the service. */
  serviceName(service: number): bigint {
    return this.#services.getBigUint64(service * Service.bytes + Service.name, true);
  }

  setServiceName(service: number, name: bigint): void {
    this.#services.setBigUint64(service * Service.bytes + Service.name, name, true);
  }

  /** What backends counted that this service no longer has. */
  retired(service: number): RetiredCount {
    const offset = service * Service.bytes;
    return {
      packets: Number(this.#services.getBigUint64(offset + Service.retiredPackets, true)),
      bytes: Number(this.#services.getBigUint64(offset + Service.retiredBytes, true)),
      newFlows: Number(this.#services.getBigUint64(offset + Service.retiredFlows, true)),
    };
  }

  retire(service: number, count: RetiredCount): void {
    const offset = service * Service.bytes;
    const before = this.retired(service);
    this.#services.setBigUint64(offset + Service.retiredPackets, BigInt(before.packets + count.packets), true);
    this.#services.setBigUint64(offset + Service.retiredBytes, BigInt(before.bytes + count.bytes), true);
    this.#services.setBigUint64(offset + Service.retiredFlows, BigInt(before.newFlows + count.newFlows), true);
  }

  /** The service that a backend's slot belongs to; undefined: the slot is free. */
  backendOwner(slot: number): number | undefined {
    const owner = this.#backends.getUint32(slot * Backend.bytes + Backend.service, true);
    return owner === 0 ? undefined : owner - 1;
  }

  /** A number that the slot's backend has alone. */
  backendEpoch(slot: number): number {
    return this.#backends.getUint32(slot * Backend.bytes + Backend.epoch, true);
  }

  /** A copy of the slot's first `bytes` bytes. */
  backendRoute(slot: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#backends.buffer, slot * Backend.bytes, bytes).slice();
  }

  /** Fills a free slot: no row points at it yet. Counters start at 0. */
  setBackend(slot: number, service: number, route: Uint8Array): void {
    const cpus = this.sizes.cpus;
    this.#backendCounts.fill(0, (slot * cpus * BackendCpu.bytes) / 4, ((slot + 1) * cpus * BackendCpu.bytes) / 4);
    this.#connections.fill(0, (slot * Connections.bytes) / 4, ((slot + 1) * Connections.bytes) / 4);
    this.#attempts.fill(0n, (slot * Attempts.bytes) / 8, ((slot + 1) * Attempts.bytes) / 8);
    this.#begun.restart(slot);
    new Uint8Array(this.#backends.buffer, slot * Backend.bytes, route.byteLength).set(route);
    this.#backends.setUint32(slot * Backend.bytes + Backend.epoch, this.#nextEpoch(slot), true);
    this.#backends.setUint32(slot * Backend.bytes + Backend.service, service + 1, true);
  }

  setBackendLimits(slot: number, { weight, upper, lower }: BackendLimits): void {
    const offset = slot * Backend.bytes;
    this.#backends.setUint16(offset + Backend.weight, weight, true);
    this.#backends.setUint32(offset + Backend.lower, lower, true);
    this.#backends.setUint32(offset + Backend.upper, upper, true);
    const word = (slot * Connections.bytes) / 4;
    const sum = (this.#connections[word] as number) + (this.#connections[word + 1] as number);
    const overloaded = this.#connections[word + Connections.overloaded / 4] as number;
    // As the program sees it at the next connection; an idle service would have none.
    const next = upper === 0 || sum < lower ? 0 : sum >= upper ? 1 : overloaded;
    if (next !== overloaded) this.#connections[word + Connections.overloaded / 4] = next;
  }

  /** Marks a slot as free; its route stays for packets that are under way. */
  freeBackend(slot: number): void {
    this.#backends.setUint32(slot * Backend.bytes + Backend.service, 0, true);
  }

  backendCount(slot: number): { packets: number; bytes: number } {
    let packets = 0;
    let bytes = 0;
    for (let cpu = 0; cpu < this.sizes.cpus; cpu++) {
      const word = ((slot * this.sizes.cpus + cpu) * BackendCpu.bytes) / 4;
      packets += readCount(this.#backendCounts, word + BackendCpu.packets / 4);
      bytes += readCount(this.#backendCounts, word + BackendCpu.bytesCounted / 4);
    }
    return { packets, bytes };
  }

  connectionCount(slot: number): Pick<BackendCount, 'activeConnections' | 'inactiveConnections' | 'newFlows'> {
    const word = (slot * Connections.bytes) / 4;
    return {
      activeConnections: this.#connections[word] as number,
      inactiveConnections: this.#connections[word + 1] as number,
      newFlows: this.#begun.continued(slot, this.#connections[word + Connections.begun / 4] as number),
    };
  }

  /** Of a service that is watched. */
  attemptCount(slot: number): ConnectionAttempts {
    const count = (offset: number) => Number(this.#attempts[(slot * Attempts.bytes + offset) / 8]);
    const { tried, unanswered, refused } = Attempts;
    return { tried: count(tried), unanswered: count(unanswered), refused: count(refused) };
  }

  /** @see Dataplane.flowTableFill */
  flowTableFill(): FlowTableFill {
    const { flows, answers } = this.#maps;
    return { ...sampledFill(flows.buffer, Flow.bytes), answers: sampledFill(answers.buffer, Answer.bytes) };
  }

  /** Next hops that packets could not go to since the last call. */
  takeUnresolved(): UnresolvedHop[] {
    const view = new DataView(this.#maps.unresolved_hops.buffer);
    const hops: UnresolvedHop[] = [];
    for (let offset = 0; offset < view.byteLength; offset += Unresolved.bytes) {
      const ifindex = view.getUint32(offset + Unresolved.ifindex, true);
      if (ifindex === 0) continue;
      const bytes = view.getUint32(offset + Unresolved.family, true) === 4 ? 4 : 16;
      const address = new Uint8Array(view.buffer, offset + Unresolved.address, bytes).slice();
      view.setUint32(offset + Unresolved.ifindex, 0, true);
      hops.push({ address: bytesToAddress(address), ifindex });
    }
    return hops;
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

/**
 * A count of 64 bits that another CPU may be adding to, as a number: exact below 2^53. Its halves are read one by one, as a
 * BigInt is an object each time; the upper one twice, as the lower one may overflow into it in between.
 */
function readCount(words: Uint32Array, at: number): number {
  for (;;) {
    const upper = Atomics.load(words, at + 1);
    const lower = Atomics.load(words, at);
    if (upper === Atomics.load(words, at + 1)) return upper * 2 ** 32 + lower;
  }
}

function tableWord({ range, rows, ofChoices }: TableReference): bigint {
  const low = BigInt(rows) | (ofChoices ? BigInt(TABLE_OF_CHOICES) : 0n);
  return (BigInt(range.first * ROWS_PER_LINE) << 32n) | low;
}
