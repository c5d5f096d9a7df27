import {
  Answer,
  AnswerAddresses,
  Attempts,
  Backend,
  BackendCpu,
  Connections,
  DIRECTORY_BUCKET_BYTES,
  DROPS_BYTES,
  FLOW_SET_BYTES,
  FLOW_WAYS,
  OVERFLOWS_PER_LINE,
  RANGE_LINE_BYTES,
  RANGE_LINES_MAX,
  ROW_LINE_BYTES,
  ROWS_PER_LINE,
  Service,
  Settlement,
  SettleRun,
  SharingCounts,
  SOURCE_SET_BYTES,
  State,
  Translation,
  UNRESOLVED_MAX,
  Unresolved,
  USES_PER_LINE,
  WAY_OUT_BYTES,
  WAYS_OUT_MAX,
} from './layout.js';
import { directoryBuckets } from './service-directory.js';

/** Most that the tables can ever hold; memory is taken at once. */
export interface TableLimits {
  readonly services: number;
  /** Sum over services; at most 32,767. */
  readonly backends: number;
  /** Sum over services of the rows of their tables. Two tables a service are kept. */
  readonly rows: number;
  /** Flows that are remembered, 32 bytes each. Default 65,536. Beyond it the least recently seen ones give way. */
  readonly flows?: number;
  /**
   * Those of nat and fullnat among them, another 224 bytes each; with more than 131,072 `flows` 28 MiB at least. Default: as
   * many as `flows`, but from 65,536 on no more than an eighth of them.
   */
  readonly translatedFlows?: number | undefined;
  /** Networks of the deny and the allow list together. Default 131,072. Memory is taken as they come. */
  readonly networks?: number;
}

/** Elements of each table, chosen at load. */
export interface TableSizes {
  readonly cpus: number;
  /** Of one directory; the map holds two. A power of two. */
  readonly directoryBuckets: number;
  /** Of one directory likewise. */
  readonly rangeLines: number;
  readonly services: number;
  readonly backends: number;
  readonly rowLines: number;
  /** Sets of the flow table that caches hold, before the far ones; 0: none. */
  readonly nearSets: number;
  /** Far sets. A power of two, as are the next two. */
  readonly flowSets: number;
  /** Far sets whose flows may be of nat or fullnat, and of the table of their answers; those of near sets may, too. */
  readonly translationSets: number;
  readonly sourceSets: number;
  readonly networks: number;
}

export const FLOWS_DEFAULT = 65_536;
/** Flows of nat and fullnat among them, unless it is said how many: all of a small table, a part of a large one. */
const TRANSLATED_FLOWS_DEFAULT = 65_536;
const TRANSLATED_PART_DEFAULT = 1 / 8;
const NETWORKS_DEFAULT = 131_072;
/** So loaded, one flow in a hundred finds its set full of others that are in use (Poisson of mean 2, more than 4). */
const LOAD = 1 / 2;
/**
 * Near sets of a large flow table: 2 MiB. 100,000 flows find room in them, and the second-level caches and TLBs of today
 * hold most of it (docs/performance.md).
 */
const NEAR_SETS = 32_768;
/** How many times as many far sets make them worthwhile: a flow that nobody knows is looked for twice. */
const FAR_FOR_NEAR = 4;
/** Those of flows, and those of answers, have near sets. */
export const OVERFLOWING_TABLES = 2;
/** VIPs with ranges of ports, for each service that there may be. */
const RANGED_VIPS_PER_SERVICE = 2;
/** At most; a source takes 8 bytes. */
const SOURCE_SETS = 32_768;

/** Sizes that hold what the limits say. */
export function tableSizes(limits: TableLimits, cpus: number): TableSizes {
  const flows = limits.flows ?? FLOWS_DEFAULT;
  const translated =
    limits.translatedFlows ?? Math.min(flows, Math.max(TRANSLATED_FLOWS_DEFAULT, flows * TRANSLATED_PART_DEFAULT));
  const setsFor = (places: number) => 2 ** Math.ceil(Math.log2(Math.max(1, places / LOAD / FLOW_WAYS)));
  const flowSetsAtLeast = Math.max(setsFor(flows), setsFor(translated));
  const nearSets = flowSetsAtLeast >= NEAR_SETS * FAR_FOR_NEAR ? NEAR_SETS : 0;
  // A flow's near set follows from its far set, also where translated flows have only the first of these.
  const translationSets = Math.max(setsFor(translated), nearSets);
  const flowSets = Math.max(flowSetsAtLeast, translationSets);
  return {
    cpus,
    directoryBuckets: directoryBuckets(limits.services),
    rangeLines: limits.services * RANGED_VIPS_PER_SERVICE * RANGE_LINES_MAX,
    services: limits.services,
    backends: limits.backends,
    rowLines: Math.ceil(limits.rows / ROWS_PER_LINE) + 2 * limits.services,
    nearSets,
    flowSets,
    translationSets,
    sourceSets: Math.min(SOURCE_SETS, flowSets),
    networks: limits.networks ?? NETWORKS_DEFAULT,
  };
}

/** Tables that are mapped into memory. */
export const tableNames = [
  'state',
  'directory',
  'port_ranges',
  'services',
  'rows',
  'uses_of_rows',
  'backends',
  'connections',
  'attempts',
  'backend_cpus',
  'drops',
  'unresolved_hops',
  'flows',
  'flow_overflows',
  'translations',
  'answers',
  'addresses_of_answers',
  'ways_out',
  'sources',
  'sharing',
  'settlements',
  'settle_runs',
] as const;
export type TableName = (typeof tableNames)[number];

/** Packets that are given back at a time. */
export const SETTLEMENTS = 128;

/** Keys for one backend, of as many listeners. */
const ANSWERERS_PER_BACKEND = 8;
/** Local addresses of all nodes that answers may be to. */
const ANSWERED_ADDRESSES = 4096;

/** Most elements of the hash maps whose size is chosen at load; their values are 4 bytes. */
export function hashElements({ networks, backends }: TableSizes): {
  readonly networks: number;
  readonly answerers: number;
} {
  return { networks, answerers: backends * ANSWERERS_PER_BACKEND + ANSWERED_ADDRESSES };
}

/** Bytes of an element and number of elements, by map; what a pinned map must have to be taken over. */
export function tableShapes(sizes: TableSizes): Readonly<Record<TableName, { bytes: number; elements: number }>> {
  const translatedPlaces = (sizes.nearSets + sizes.translationSets) * FLOW_WAYS;
  return {
    state: { bytes: State.bytes, elements: 1 },
    directory: { bytes: DIRECTORY_BUCKET_BYTES, elements: sizes.directoryBuckets * 2 },
    port_ranges: { bytes: RANGE_LINE_BYTES, elements: sizes.rangeLines * 2 },
    services: { bytes: Service.bytes, elements: sizes.services },
    rows: { bytes: ROW_LINE_BYTES, elements: sizes.rowLines },
    uses_of_rows: { bytes: USES_PER_LINE, elements: Math.ceil((sizes.rowLines * ROWS_PER_LINE) / USES_PER_LINE) },
    backends: { bytes: Backend.bytes, elements: sizes.backends },
    connections: { bytes: Connections.bytes, elements: sizes.backends },
    attempts: { bytes: Attempts.bytes, elements: sizes.backends },
    backend_cpus: { bytes: BackendCpu.bytes, elements: sizes.backends * sizes.cpus },
    drops: { bytes: DROPS_BYTES, elements: sizes.cpus },
    unresolved_hops: { bytes: Unresolved.bytes, elements: UNRESOLVED_MAX },
    flows: { bytes: FLOW_SET_BYTES, elements: sizes.nearSets + sizes.flowSets },
    flow_overflows: {
      bytes: OVERFLOWS_PER_LINE * 4,
      elements: Math.max(1, (OVERFLOWING_TABLES * sizes.nearSets) / OVERFLOWS_PER_LINE),
    },
    translations: { bytes: Translation.bytes, elements: translatedPlaces },
    answers: { bytes: Answer.bytes, elements: translatedPlaces },
    addresses_of_answers: { bytes: AnswerAddresses.bytes, elements: translatedPlaces },
    ways_out: { bytes: WAY_OUT_BYTES, elements: WAYS_OUT_MAX },
    sources: { bytes: SOURCE_SET_BYTES, elements: sizes.sourceSets },
    sharing: { bytes: SharingCounts.bytes, elements: sizes.cpus },
    settlements: { bytes: Settlement.bytes, elements: SETTLEMENTS },
    settle_runs: { bytes: SettleRun.bytes, elements: 1 },
  };
}
