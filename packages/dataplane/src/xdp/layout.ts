/**
 * Offsets of bpf/lib/tables.h and bpf/lib/settings.h, in bytes, under the same names. A test reads the object's BTF and
 * compares.
 */

/** LAYOUT_VERSION. */
export const LAYOUT_VERSION = 1;

export const Settings = { bytes: 12, cpus: 0, directoryMask: 4, nexthopCache: 8 } as const;

export const State = {
  bytes: 104,
  layout: 0,
  directory: 4,
  nexthopGeneration: 8,
  lastEpoch: 12,
  directorySeed: 16,
  anyPort: 32,
  ownMacs: 40,
} as const;

/** Most MAC addresses that the node may have on the interfaces that it serves. */
export const OWN_MACS_MAX = 8;

export const DirectoryEntry = { bytes: 32, vip: 0, port: 16, protocol: 18, service: 20, overflowed: 24 } as const;
export const BUCKET_ENTRIES = 2;
export const DIRECTORY_BUCKET_BYTES = BUCKET_ENTRIES * DirectoryEntry.bytes;
/** PROBES_MAX. */
export const PROBES_MAX = 8;

export const Service = {
  bytes: 64,
  table: 0,
  hashSeed: 8,
  spareTable: 16,
  retiredPackets: 24,
  retiredBytes: 32,
} as const;

export const ROWS_PER_LINE = 32;
export const ROW_LINE_BYTES = 64;
/** NO_BACKEND: a row that points nowhere. Hence at most 65,535 backends. */
export const NO_BACKEND = 0xffff;

export const Backend = {
  bytes: 64,
  source: 0,
  destination: 16,
  outerChecksum: 32,
  outerFamily: 34,
  encapsulation: 35,
  guePort: 36,
  epoch: 40,
  service: 44,
} as const;

/** enum encapsulation. */
export const EncapsulationCode = { ipip: 1, gue: 2 } as const;

export const BackendCpu = { bytes: 64, packets: 0, bytesCounted: 8, nexthopStamp: 16 } as const;

/** struct drops: DROP_REASONS counters of 8 bytes. */
export const DROPS_BYTES = 128;
