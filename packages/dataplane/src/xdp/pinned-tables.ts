import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openPinned, pin, unpin } from '../libbpf/bpffs.js';
import { checked, native } from '../libbpf/native.js';
import { FLOW_WAYS, LAYOUT_VERSION, OVERFLOWS_PER_LINE, State } from './layout.js';
import {
  hashElements,
  OVERFLOWING_TABLES,
  type TableName,
  type TableSizes,
  tableNames,
  tableShapes,
} from './table-sizes.js';

/** Maps that are pinned: the tables, what is no array, and the clock that runs in the kernel. */
const pinnedMaps = [...tableNames, 'networks', 'vlans', 'peers', 'answerers', 'clock'] as const;
export type PinnedMapName = (typeof pinnedMaps)[number];

/** struct bpf_map_info of linux/bpf.h. */
const MapInfo = { bytes: 88, valueBytes: 12, elements: 16 } as const;

/** Tables of a former life: descriptors to be reused and closed, or the reason why they can't be. */
export type FoundTables =
  | { readonly kind: 'none' }
  | { readonly kind: 'unfit'; readonly reason: string }
  | { readonly kind: 'found'; readonly fds: ReadonlyMap<PinnedMapName, number> };

/** Looks for pinned tables below `directory` that have these sizes and this program's layout. */
export function findPinnedTables(directory: string, sizes: TableSizes): FoundTables {
  const fds = new Map<PinnedMapName, number>();
  const unfit = (reason: string): FoundTables => {
    closeAll(fds);
    return { kind: 'unfit', reason };
  };
  const shapes = tableShapes(sizes);
  const hashes = hashElements(sizes);
  for (const name of pinnedMaps) {
    const fd = openPinned(mapPath(directory, name));
    if (fd === undefined) return fds.size === 0 ? { kind: 'none' } : unfit(`map ${name} is missing`);
    fds.set(name, fd);
    if (name === 'clock' || name === 'vlans' || name === 'peers') continue;
    const found = shapeOf(fd, name);
    const wanted =
      name in hashes ? { bytes: 4, elements: hashes[name as keyof typeof hashes] } : shapes[name as TableName];
    if (found.bytes !== wanted.bytes || found.elements !== wanted.elements) {
      return unfit(
        `map ${name} has ${found.elements} elements of ${found.bytes} bytes, not ${wanted.elements} of ${wanted.bytes}`,
      );
    }
  }
  const layout = readLayout(fds.get('state') as number);
  return layout === LAYOUT_VERSION ? { kind: 'found', fds } : unfit(`layout ${layout}, not ${LAYOUT_VERSION}`);
}

/** Sizes of the tables that are pinned below `directory`; undefined: there are none. */
export function pinnedSizes(directory: string, cpus: number): TableSizes | undefined {
  const elements = (name: PinnedMapName): number | undefined => {
    const fd = openPinned(mapPath(directory, name));
    if (fd === undefined) return undefined;
    try {
      return shapeOf(fd, name).elements;
    } finally {
      native().close(fd);
    }
  };
  const sizes = {
    directoryBuckets: elements('directory'),
    rangeLines: elements('port_ranges'),
    services: elements('services'),
    backends: elements('backends'),
    rowLines: elements('rows'),
    flowSets: elements('flows'),
    nearSets: elements('flow_overflows'),
    translationSets: elements('translations'),
    sourceSets: elements('sources'),
    networks: elements('networks'),
  };
  if (Object.values(sizes).includes(undefined)) return undefined;
  const known = sizes as { [K in keyof typeof sizes]: number };
  // A map has one element at least.
  const nearSets = known.nearSets > 1 ? (known.nearSets * OVERFLOWS_PER_LINE) / OVERFLOWING_TABLES : 0;
  return {
    ...known,
    cpus,
    directoryBuckets: known.directoryBuckets / 2,
    rangeLines: known.rangeLines / 2,
    nearSets,
    flowSets: known.flowSets - nearSets,
    translationSets: known.translationSets / FLOW_WAYS - nearSets,
  };
}

function shapeOf(fd: number, name: PinnedMapName): { bytes: number; elements: number } {
  const info = Buffer.alloc(MapInfo.bytes);
  checked(native().getInfo(fd, info, [info.byteLength]), `reading map ${name}`);
  return { bytes: info.readUInt32LE(MapInfo.valueBytes), elements: info.readUInt32LE(MapInfo.elements) };
}

/** Pins the maps in place of others of the same names. */
export function pinTables(directory: string, fdOf: (name: PinnedMapName) => number): void {
  mkdirSync(join(directory, 'maps'), { recursive: true });
  // `state` last: without it, maps of two lives side by side are taken over by nobody.
  unpin(mapPath(directory, 'state'));
  for (const name of pinnedMaps) if (name !== 'state') pin(fdOf(name), mapPath(directory, name));
  pin(fdOf('state'), mapPath(directory, 'state'));
}

/**
 * Pins the map by which one program calls the other, beside those of other programs: each belongs to its program, and no
 * later life takes it over.
 */
export function pinPrograms(directory: string, id: string, fd: number): void {
  mkdirSync(programsDirectory(directory), { recursive: true });
  pin(fd, join(programsDirectory(directory), id));
}

/** Lets go of the maps of other programs than the one of this id. */
export function unpinOtherPrograms(directory: string, id: string): void {
  for (const name of readdirSync(programsDirectory(directory))) {
    if (name !== id) unpin(join(programsDirectory(directory), name));
  }
}

function programsDirectory(directory: string): string {
  return join(directory, 'programs');
}

export function closeAll(fds: ReadonlyMap<PinnedMapName, number>): void {
  for (const fd of fds.values()) native().close(fd);
}

/** Where the link to an interface is pinned. */
export function linkPath(directory: string, interfaceName: string): string {
  return join(directory, 'links', interfaceName);
}

/** Removes all pins: programs are detached, tables and counters gone. None is fine. */
export function removePins(directory: string): void {
  rmSync(join(directory, 'links'), { recursive: true, force: true });
  rmSync(join(directory, 'maps'), { recursive: true, force: true });
  rmSync(programsDirectory(directory), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

function mapPath(directory: string, name: PinnedMapName): string {
  return join(directory, 'maps', name);
}

function readLayout(stateFd: number): number {
  const value = Buffer.alloc(State.bytes);
  checked(native().lookupElement(stateFd, Buffer.alloc(4), value), 'reading map state');
  return value.readUInt32LE(State.layout);
}
