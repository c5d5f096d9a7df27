import { createHash } from 'node:crypto';
import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import type { AppliedChanges, BackendCount, Counters, HandoverCount, ServiceKey, TableInForce } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { type BackendAddress, decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { CHOICES_MAX, NO_BACKEND, ROW_KEPT, ROWS_PER_LINE } from './layout.js';
import { type LineRange, RowSpace } from './row-space.js';
import { buildServiceDirectory } from './service-directory.js';
import { SlotPool } from './slot-pool.js';
import type { RetiredCount, TableMemory, TableReference } from './table-memory.js';
import { serviceId, type WantedBackend, type WantedService } from './wanted-service.js';

/** How long a packet may be on its way through the program, in ms, generously: a virtual CPU may be paused in it. */
const REST_MS = 200;

/** Room that was given back a moment ago has to rest; the same call succeeds after `waitMs`. */
export class StillResting extends Error {
  readonly waitMs: number;

  constructor(waitMs: number) {
    super(`tables that were given back rest for another ${waitMs} ms`);
    this.waitMs = waitMs;
  }
}

/** Another node, which packets may be handed over to, and its slot as a backend of the owners' service. */
export type Peer = readonly [address: string, slot: number];

interface LiveService {
  readonly index: number;
  /** The first one names it. */
  listeners: readonly ServiceKey[];
  /** Slot of each backend, by its route. */
  readonly backends: Map<string, number>;
}

/** What one {@link TableWriter.apply} is going to do; made before the first store, so that it can still be refused. */
interface Plan {
  readonly service: LiveService;
  readonly isNew: boolean;
  readonly wanted: WantedService;
  /** Slots by the position of the backend in what was asked for. */
  readonly slots: readonly number[];
  readonly added: readonly (readonly [slot: number, backend: WantedBackend])[];
  readonly rows: Uint16Array;
  /** Where the rows are to be written; undefined: they are in force. */
  readonly target: TableReference | undefined;
}

/**
 * Turns wanted tables into stores. The tables in memory are the actual state, also after a restart: nothing is
 * remembered that can't be read back from them.
 *
 * Order of stores: backends, then rows in a table that no packet looks at, then the one word that makes it the
 * service's, then the directory. What is no longer used is given back last, and rests.
 */
export class TableWriter {
  readonly #memory: TableMemory;
  readonly #nowMs: () => number;
  readonly #services: SlotPool;
  readonly #backends: SlotPool;
  readonly #rowSpace: RowSpace;
  readonly #live = new Map<string, LiveService>();
  /** Of backends in force, by slot: counters are read often, and the text of an address takes longer than all else there. */
  readonly #addresses = new Map<number, BackendAddress>();
  /** Slots that a process filled which ended before anything pointed at them. */
  readonly #orphans: number[] = [];

  /**
   * Reads what is in force and stores nothing.
   *
   * @param nowMs  monotonic clock
   * @throws {DataplaneError} TABLES_INVALID when the tables found in memory contradict themselves
   */
  constructor(memory: TableMemory, nowMs: () => number) {
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.#services = new SlotPool(memory.sizes.services, REST_MS);
    this.#backends = new SlotPool(memory.sizes.backends, REST_MS);
    this.#rowSpace = new RowSpace(memory.sizes.rowLines, REST_MS);
    this.#readBack();
  }

  /**
   * @see Dataplane.apply
   * @param setPeers  is told the other nodes before packets go there, or come from there
   * @throws {StillResting} nothing was changed
   */
  apply(
    wanted: readonly WantedService[],
    hashSeed: bigint,
    setPeers: (peers: readonly Peer[]) => void = () => {},
  ): AppliedChanges {
    const plans = this.#plan(wanted);
    for (const slot of this.#orphans.splice(0)) this.#memory.freeBackend(slot);
    const changes = {
      servicesAdded: 0,
      servicesRemoved: 0,
      backendsAdded: 0,
      backendsRemoved: 0,
      rowsMoved: 0,
      rowsWritten: 0,
    };
    for (const plan of plans) this.#write(plan, hashSeed, changes);

    const wantedIds = new Set(wanted.map(({ id }) => id));
    const removed = [...this.#live].filter(([id]) => !wantedIds.has(id));
    let listenersChanged = removed.length > 0;
    for (const {
      service,
      isNew,
      wanted: { id, listeners },
    } of plans) {
      listenersChanged ||= isNew || listenerText(service.listeners) !== listenerText(listeners);
      service.listeners = listeners;
      this.#live.set(id, service);
    }
    for (const [id] of removed) this.#live.delete(id);
    this.#setOwners(plans, setPeers);
    if (listenersChanged) this.#writeDirectory();

    for (const { service, slots } of plans) changes.backendsRemoved += this.#releaseBackends(service, new Set(slots));
    for (const [, service] of removed) this.#releaseService(service);
    changes.servicesRemoved = removed.length;
    changes.backendsRemoved += removed.reduce((sum, [, service]) => sum + service.backends.size, 0);
    return changes;
  }

  /** @see Dataplane.counters */
  counters(): Counters {
    return {
      services: this.#liveServices().map((service) => {
        const backends = [...service.backends.values()].map((slot) => this.#backendCount(service, slot));
        const total = this.#memory.retired(service.index);
        const sum = (of: keyof RetiredCount) => backends.reduce((all, backend) => all + backend[of], total[of]);
        const counts = { packets: sum('packets'), bytes: sum('bytes'), newFlows: sum('newFlows') };
        return { ...firstListener(service), ...counts, backends };
      }),
      handovers: this.#handovers(),
      drops: this.#memory.drops(),
    };
  }

  /** Without the one whose backends are the nodes. */
  #liveServices(): LiveService[] {
    const { owners } = this.#memory;
    return [...this.#live.values()].filter(({ index }) => index !== owners);
  }

  #handovers(): HandoverCount[] {
    return this.#peers().map(([address, slot]) => ({ address, ...this.#memory.backendCount(slot) }));
  }

  #peers(): readonly Peer[] {
    const { owners, ownSlot } = this.#memory;
    const nodes = [...this.#live.values()].find(({ index }) => index === owners);
    const slots = [...(nodes?.backends.values() ?? [])].filter((slot) => slot !== ownSlot);
    return slots.map((slot) => this.#peerAt(slot));
  }

  #peerAt(slot: number): Peer {
    return [this.#addressAt(slot).address, slot];
  }

  #addressAt(slot: number): BackendAddress {
    let address = this.#addresses.get(slot);
    if (address === undefined) {
      address = decodeBackend(this.#memory.backendRoute(slot, ROUTE_BYTES));
      this.#addresses.set(slot, address);
    }
    return address;
  }

  #backendCount({ index }: LiveService, slot: number): BackendCount {
    const { address, port } = this.#addressAt(slot);
    const { packets, bytes } = this.#memory.backendCount(slot);
    const { activeConnections, inactiveConnections, newFlows } = this.#memory.connectionCount(slot);
    // Field by field: of ten thousand backends, spreading takes several times as long.
    const count = { address, port, packets, bytes, activeConnections, inactiveConnections, newFlows };
    return this.#memory.isWatched(index) ? { ...count, attempts: this.#memory.attemptCount(slot) } : count;
  }

  /**
   * Rows of each service whose flows were found with other backends than the row's since the last call.
   * @see Dataplane.takeNeededRows
   */
  takeNeededRows(): Map<string, number[]> {
    const needed = new Map<string, number[]>();
    for (const [id, { index }] of this.#live) {
      const table = this.#memory.table(index, 'table');
      if (table === undefined) continue;
      const first = table.range.first * ROWS_PER_LINE;
      const uses = this.#memory.uses.subarray(first, first + table.rows);
      const rows: number[] = [];
      for (let row = uses.indexOf(1); row >= 0; row = uses.indexOf(1, row + 1)) {
        rows.push(row);
        uses[row] = 0;
      }
      if (rows.length > 0) needed.set(id, rows);
    }
    return needed;
  }

  /** Under the text of its first listener; undefined: the one whose backends are the nodes. @param index  of a service */
  nameOf(index: number): string | undefined {
    const service = this.#liveServices().find((live) => live.index === index);
    return service && serviceId(firstListener(service));
  }

  /** @see Dataplane.tablesInForce */
  tablesInForce(): Map<string, TableInForce> {
    return new Map(
      this.#liveServices().map((service) => [serviceId(firstListener(service)), this.#tableInForce(service)]),
    );
  }

  /** First listeners, by index of the service. */
  serviceNames(): Map<number, string> {
    return new Map(this.#liveServices().map((service) => [service.index, serviceId(firstListener(service))]));
  }

  #tableInForce({ index, listeners, backends: slotOf }: LiveService): TableInForce {
    const slots = [...slotOf.values()];
    const positions = new Map(slots.map((slot, i) => [slot, i]));
    const table = this.#memory.table(index, 'table');
    const stored = table === undefined ? new Uint16Array() : this.#rowsAt(table);
    const rows = new Int32Array(stored.length);
    const keptRows: number[] = [];
    for (const [row, content] of stored.entries()) {
      rows[row] = positions.get(content & ~ROW_KEPT) ?? -1;
      if ((content & ROW_KEPT) !== 0) keptRows.push(row);
    }
    const backends = slots.map((slot) => this.#addressAt(slot));
    return { listeners, backends, rows, keptRows };
  }

  /** Takes all that is needed, or gives back what it took and throws. */
  #plan(wanted: readonly WantedService[]): Plan[] {
    const undo: (() => void)[] = [];
    const nowMs = this.#nowMs();
    const acquire = (pool: SlotPool, what: string, size: number): number => {
      const slot = pool.acquire(nowMs);
      if (slot === undefined) throw full(what, size, pool.msUntilRested(nowMs));
      undo.push(() => pool.release(slot, nowMs - REST_MS));
      return slot;
    };
    const acquireRows = (rows: number): LineRange => {
      const range = this.#rowSpace.acquire(Math.ceil(rows / ROWS_PER_LINE), nowMs);
      if (range === undefined) {
        throw full('rows', this.#memory.sizes.rowLines * ROWS_PER_LINE, this.#rowSpace.msUntilRested(nowMs));
      }
      undo.push(() => this.#rowSpace.release(range, nowMs - REST_MS));
      return range;
    };
    try {
      return wanted.map((service) => {
        const known = this.#live.get(service.id);
        const live = known ?? {
          index: acquire(this.#services, 'services', this.#memory.sizes.services),
          listeners: service.listeners,
          backends: new Map<string, number>(),
        };
        const added: (readonly [number, WantedBackend])[] = [];
        const slots = service.backends.map((backend) => {
          const slot = live.backends.get(identity(backend.route));
          if (slot !== undefined) return slot;
          const fresh = acquire(this.#backends, 'backends', this.#memory.sizes.backends);
          added.push([fresh, backend]);
          return fresh;
        });
        const rows = rowsOf(service, slots);
        const target = this.#inForce(live, known !== undefined, rows, ofChoices(service))
          ? undefined
          : this.#target(live, known, rows, ofChoices(service), acquireRows);
        return { service: live, isNew: known === undefined, wanted: service, slots, added, rows, target };
      });
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  #target(
    live: LiveService,
    known: LiveService | undefined,
    { length }: Uint16Array,
    isOfChoices: boolean,
    acquireRows: (rows: number) => LineRange,
  ): TableReference {
    const spare = known === undefined ? undefined : this.#memory.table(live.index, 'spareTable');
    const range = spare?.rows === length ? spare.range : acquireRows(length);
    return { range, rows: length, ofChoices: isOfChoices };
  }

  #inForce(live: LiveService, known: boolean, rows: Uint16Array, isOfChoices: boolean): boolean {
    const table = known ? this.#memory.table(live.index, 'table') : undefined;
    if (table?.rows !== rows.length || table.ofChoices !== isOfChoices) return false;
    return bytesOf(this.#rowsAt(table)).equals(bytesOf(rows));
  }

  #rowsAt(table: TableReference): Uint16Array {
    const first = table.range.first * ROWS_PER_LINE;
    return this.#memory.rows.subarray(first, first + table.rows);
  }

  #write(plan: Plan, hashSeed: bigint, changes: { -readonly [K in keyof AppliedChanges]: number }): void {
    const { service, isNew, wanted, slots, target, rows } = plan;
    if (isNew) {
      this.#memory.clearService(service.index);
      this.#memory.setServiceName(service.index, nameHash(wanted.id));
      changes.servicesAdded++;
    }
    for (const [slot, { route }] of plan.added) {
      this.#memory.setBackend(slot, service.index, route);
      service.backends.set(identity(route), slot);
      changes.backendsAdded++;
    }
    for (const [i, slot] of slots.entries()) this.#memory.setBackendLimits(slot, wanted.backends[i] as WantedBackend);
    if (this.#memory.hashSeed(service.index) !== hashSeed) this.#memory.setHashSeed(service.index, hashSeed);
    if (target === undefined) {
      this.#setWord(plan);
      return;
    }

    const before = this.#memory.table(service.index, 'table');
    if (before?.rows === rows.length) {
      const old = this.#rowsAt(before);
      for (let row = 0; row < rows.length; row++) {
        if ((((old[row] as number) ^ (rows[row] as number)) & ~ROW_KEPT) !== 0) changes.rowsMoved++;
      }
    }
    changes.rowsWritten += storeDifferences(this.#rowsAt(target), rows);
    const firstRow = target.range.first * ROWS_PER_LINE;
    this.#memory.uses.fill(0, firstRow, firstRow + target.rows);
    const spare = this.#memory.table(service.index, 'spareTable');
    if (spare !== undefined && spare.range.first !== target.range.first) this.#releaseRows(spare.range);
    // A table of choices is read with the fields and the key that are its own; no other one needs them.
    const leavesChoices = before?.ofChoices === true && !target.ofChoices;
    if (!leavesChoices) this.#setWord(plan);
    this.#memory.setTable(service.index, 'table', target);
    if (leavesChoices) this.#setWord(plan);
    this.#memory.setTable(service.index, 'spareTable', before);
  }

  #setWord({ service, wanted: { word, choices } }: Plan): void {
    if (choices !== undefined && !bytesOf(this.#memory.hashKey(service.index)).equals(choices.hashKey)) {
      this.#memory.setHashKey(service.index, choices.hashKey);
    }
    if (!bytesOf(this.#memory.serviceWord(service.index)).equals(word)) {
      this.#memory.setServiceWord(service.index, word);
    }
  }

  /** Where the nodes are found, and which of them this one is. */
  #setOwners(plans: readonly Plan[], setPeers: (peers: readonly Peer[]) => void): void {
    const nodes = plans.find(({ wanted }) => wanted.self !== undefined);
    const slots = nodes?.slots ?? [];
    const self = slots[nodes?.wanted.self as number] ?? NO_BACKEND;
    // Before anything is handed over between them.
    setPeers(slots.filter((slot) => slot !== self).map((slot) => this.#peerAt(slot)));
    this.#memory.setOwners(nodes?.service.index, self);
  }

  #writeDirectory(): void {
    const { sizes, spareRangeLines } = this.#memory;
    const listeners = [...this.#live.values()].flatMap((service) =>
      service.listeners.map((key) => [key, service.index] as const),
    );
    const { owners } = this.#memory;
    this.#memory.flipDirectory(buildServiceDirectory(listeners, sizes.directoryBuckets, spareRangeLines, owners));
  }

  /** Gives back the slots of a service that are not in `keep`; returns how many. */
  #releaseBackends(service: LiveService, keep: ReadonlySet<number>): number {
    let released = 0;
    for (const [route, slot] of service.backends) {
      if (keep.has(slot)) continue;
      this.#memory.retire(service.index, this.#backendCount(service, slot));
      this.#releaseSlot(slot);
      service.backends.delete(route);
      released++;
    }
    return released;
  }

  #releaseSlot(slot: number): void {
    this.#addresses.delete(slot);
    this.#memory.freeBackend(slot);
    this.#backends.release(slot, this.#nowMs());
  }

  #releaseService(service: LiveService): void {
    for (const slot of service.backends.values()) this.#releaseSlot(slot);
    for (const which of ['table', 'spareTable'] as const) {
      const table = this.#memory.table(service.index, which);
      if (table !== undefined) this.#releaseRows(table.range);
    }
    this.#services.release(service.index, this.#nowMs());
  }

  #releaseRows(range: LineRange): void {
    this.#rowSpace.release(range, this.#nowMs());
  }

  /** Learns from the tables what a former life of this process had put in force. */
  #readBack(): void {
    const memory = this.#memory;
    const byService = new Map<number, ServiceKey[]>();
    for (const [key, index] of memory.listeners()) {
      if (index >= memory.sizes.services) throw contradiction(`${serviceId(key)} leads to service ${index}`);
      const listeners = byService.get(index) ?? [];
      // The one that names the service comes first.
      if (nameHash(serviceId(key)) === memory.serviceName(index)) listeners.unshift(key);
      else listeners.push(key);
      byService.set(index, listeners);
    }
    for (const [index, listeners] of byService) {
      const key = listeners[0] as ServiceKey;
      this.#services.claim(index);
      this.#live.set(serviceId(key), { index, listeners, backends: new Map() });
      for (const which of ['table', 'spareTable'] as const) {
        const table = memory.table(index, which);
        if (table === undefined && which === 'table') throw contradiction(`${serviceId(key)} has no table`);
        if (table !== undefined && !this.#rowSpace.claim(table.range)) {
          throw contradiction(`rows of ${serviceId(key)} overlap others`);
        }
      }
    }
    const byIndex = new Map([...this.#live.values()].map((service) => [service.index, service]));
    for (let slot = 0; slot < memory.sizes.backends; slot++) {
      const owner = memory.backendOwner(slot);
      if (owner === undefined) continue;
      const service = byIndex.get(owner);
      if (service === undefined) this.#orphans.push(slot);
      else {
        this.#backends.claim(slot);
        service.backends.set(identity(memory.backendRoute(slot, ROUTE_BYTES)), slot);
      }
    }
  }
}

function rowsOf(service: WantedService, slots: readonly number[]): Uint16Array {
  if (service.rows.length === 0) return Uint16Array.of(NO_BACKEND);
  if (service.choices !== undefined) return choiceRowsOf(service.rows, service.choices.count, slots);
  // A loop, as all that touches every row here: from() with a function takes ten times as long.
  const rows = new Uint16Array(service.rows.length);
  for (let row = 0; row < rows.length; row++) rows[row] = slots[service.rows[row] as number] as number;
  for (let i = 0; i < service.keptRows.length; i++) {
    const row = service.keptRows[i] as number;
    rows[row] = (rows[row] as number) | ROW_KEPT;
  }
  return rows;
}

/** A service that has no rows at all has no row of choices either. */
function ofChoices({ choices, rows }: WantedService): boolean {
  return choices !== undefined && rows.length > 0;
}

/** Each row in as many places as the program loads at once. */
function choiceRowsOf(wanted: ArrayLike<number>, choices: number, slots: readonly number[]): Uint16Array {
  const rows = new Uint16Array(CHOICE_ROWS * CHOICES_MAX).fill(NO_BACKEND);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    for (let i = 0; i < choices; i++) {
      const member = wanted[row * choices + i] as number;
      if (member !== NO_CHOICE) rows[row * CHOICES_MAX + i] = slots[member] as number;
    }
  }
  return rows;
}

function storeDifferences(target: Uint16Array, rows: Uint16Array): number {
  let stored = 0;
  for (let row = 0; row < rows.length; row++) {
    const slot = rows[row] as number;
    if (target[row] === slot) continue;
    target[row] = slot;
    stored++;
  }
  return stored;
}

function bytesOf(array: Uint16Array | Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function firstListener({ listeners }: LiveService): ServiceKey {
  return listeners[0] as ServiceKey;
}

/** Equal for the same listeners in any order, but for the first, which names the service. */
function listenerText(listeners: readonly ServiceKey[]): string {
  const [first, ...others] = listeners.map(serviceId);
  return [first, ...others.sort()].join();
}

/** 64 bits that a restarted daemon tells the naming listener by. */
function nameHash(id: string): bigint {
  return createHash('sha256').update(id).digest().readBigUInt64LE(0);
}

function identity(route: Uint8Array): string {
  return Buffer.from(route).toString('latin1');
}

function full(what: string, size: number, waitMs: number | undefined): Error {
  if (waitMs !== undefined) return new StillResting(waitMs);
  return new DataplaneError(
    'TABLES_TOO_LARGE',
    `the tables hold ${size} ${what}, and more are asked for; raise the limit in the configuration and restart`,
    { details: { what, size } },
  );
}

function contradiction(what: string): DataplaneError {
  return new DataplaneError('TABLES_INVALID', `the tables found in memory contradict themselves: ${what}`);
}
