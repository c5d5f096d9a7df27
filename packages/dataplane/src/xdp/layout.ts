/**
 * Offsets of bpf/lib/tables.h, bpf/lib/backend.h and bpf/lib/settings.h, in bytes, under the same names. A test reads the
 * object's BTF and compares.
 */

/** LAYOUT_VERSION. */
export const LAYOUT_VERSION = 8;

export const Settings = {
  bytes: 32,
  cpus: 0,
  directoryMask: 4,
  nexthopCache: 8,
  flowMask: 12,
  translationMask: 16,
  sourceMask: 20,
  sweepSets: 24,
  nearSets: 28,
} as const;

export const State = {
  bytes: 840,
  layout: 0,
  directory: 4,
  now: 8,
  features: 12,
  directorySeed: 16,
  anyPort: 32,
  owners: 40,
  ownSlot: 44,
  settling: 48,
  askedUntil: 52,
  ownMacs: 64,
  flowKeys: 128,
  timeout: 176,
  nodeRate: 240,
  sourceRate: 244,
  rateSecond: 248,
  nodeCount: 252,
  sweepSet: 256,
  tellAfter: 260,
  ownAddress: 264,
  missedEvery: 296,
  missedNext: 304,
  localFirst: 312,
  localPorts: 316,
  localCount: 320,
  localAddress: 328,
} as const;

/** Most MAC addresses that the node may have on the interfaces that it serves. */
export const OWN_MACS_MAX = 8;
/** Most local addresses of a family. */
export const LOCAL_ADDRESSES_MAX = 16;
export const FLOW_KEY_WORDS = 12;
/** struct address: 16 bytes in network order, IPv4 in the first four. */
export const ADDRESS_BYTES = 16;

/** FEATURE_*: bits of state.features. */
export const Feature = { translation: 1, deny: 2, rates: 4, sharing: 8, datagrams: 16 } as const;

export const DirectoryEntry = {
  bytes: 32,
  vip: 0,
  port: 16,
  protocol: 18,
  service: 20,
  overflowed: 24,
  ranges: 28,
} as const;
export const BUCKET_ENTRIES = 2;
export const DIRECTORY_BUCKET_BYTES = BUCKET_ENTRIES * DirectoryEntry.bytes;
/** PROBES_MAX. */
export const PROBES_MAX = 8;

export const PortRangeEntry = { bytes: 8, first: 0, last: 2, service: 4 } as const;
export const RANGES_PER_LINE = 8;
/** Lines that the ranges of one VIP and protocol have, one after another. */
export const RANGE_LINES_MAX = 2;
export const RANGE_LINE_BYTES = RANGES_PER_LINE * PortRangeEntry.bytes;

export const Service = {
  bytes: 128,
  table: 0,
  hashSeed: 8,
  /** The word that pick, cost, flags, prefix4, prefix6, hashFields and mssClamp make; stored at once. */
  pick: 16,
  cost: 17,
  flags: 18,
  prefix4: 19,
  prefix6: 20,
  hashFields: 21,
  mssClamp: 22,
  persistence: 24,
  next: 28,
  hashKey: 32,
  spareTable: 48,
  name: 56,
  retiredPackets: 64,
  retiredBytes: 72,
  retiredFlows: 80,
} as const;

/** enum pick. */
export const Pick = {
  hashFlow: 0,
  hashSource: 1,
  hashDestination: 2,
  next: 3,
  least: 4,
  locality: 5,
} as const;
/** enum cost. */
export const Cost = { lc: 0, wlc: 1, sed: 2, nq: 3 } as const;
/** SERVICE_*. */
export const ServiceFlag = { remembers: 1, translates: 2, replicas: 4, owners: 8, watched: 16 } as const;

/** HASH_*: bits of service.hash_fields. */
export const HashFieldBit = { source: 1, destination: 2, sourcePort: 4, destinationPort: 8 } as const;
/** HASH_ALTERNATIVE_SHIFT. */
export const HASH_ALTERNATIVE_SHIFT = 4;
/** TABLE_OF_CHOICES: a bit beside the number of rows in service.table. */
export const TABLE_OF_CHOICES = 0x8000_0000;
/** Places that a row of choices takes. */
export const CHOICES_MAX = 4;

export const ROWS_PER_LINE = 32;
export const ROW_LINE_BYTES = 64;
/** NO_BACKEND: a row that points nowhere. Hence at most 32,767 backends. */
export const NO_BACKEND = 0x7fff;
/** ROW_KEPT: flows of the row are remembered. */
export const ROW_KEPT = 0x8000;
export const USES_PER_LINE = 64;

export const Backend = {
  bytes: 64,
  source: 0,
  destination: 16,
  outerChecksum: 32,
  outerFamily: 34,
  method: 35,
  guePort: 36,
  port: 38,
  epoch: 40,
  service: 44,
  weight: 48,
  upper: 52,
  lower: 56,
} as const;

/** enum method. */
export const MethodCode = {
  ipip: 1,
  gue: 2,
  gre: 3,
  fou: 4,
  hops: 5,
  dr: 6,
  nat: 7,
  fullnat: 8,
  fullnatToa: 9,
} as const;

export const Connections = { bytes: 16, active: 0, inactive: 4, overloaded: 8, begun: 12 } as const;

export const Attempts = { bytes: 32, tried: 0, unanswered: 8, refused: 16 } as const;

export const BackendCpu = {
  bytes: 64,
  packets: 0,
  bytesCounted: 8,
  nexthop: 16,
  answerPackets: 48,
  answerBytes: 56,
} as const;

export const Unresolved = { bytes: 24, address: 0, ifindex: 16, family: 20 } as const;
export const UNRESOLVED_MAX = 64;

/** struct drops: DROP_REASONS counters of 8 bytes, then what limits ICMP errors. */
export const DROPS_BYTES = 256;

export const Flow = { bytes: 16, tag: 0, value: 8 } as const;
/** Bits of the upper half of a flow's value (bpf/lib/flow_value.h): tick when it is due, told, tick when it was last seen. */
export const FlowUpper = { dueMask: 0x3ff, told: 0x400, seenShift: 11 } as const;
export const FLOW_WAYS = 4;
export const FLOW_SET_BYTES = FLOW_WAYS * Flow.bytes;

/** Numbers of 4 bytes in struct overflow_line, one for each near set. */
export const OVERFLOWS_PER_LINE = 16;

/** enum flow_state, by number. */
export const flowStates = [
  'none',
  'syn',
  'established',
  'fin_by_client',
  'fin_by_server',
  'close',
  'datagram',
  'other',
  'answer',
  'fragment',
  'network',
  'locality',
  'stranger',
] as const;
export type FlowStateName = (typeof flowStates)[number];

/** struct translation: what nat and fullnat have to know of a flow besides its backend. */
export const Translation = { bytes: 16, answer: 0, localPort: 4, local: 8 } as const;

/** struct answer: of a flow of nat or fullnat. */
export const Answer = {
  bytes: 32,
  tag: 0,
  place: 8,
  seenWay: 12,
  client: 16,
  vip: 20,
  clientPort: 24,
  vipPort: 26,
  backend: 28,
  epoch: 30,
} as const;

/** Of struct answer's seenWay: the tick stands above these. WAY_OUT_BITS, WAYS_OUT_MAX, NO_WAY_OUT. */
export const WAY_OUT_BITS = 11;
export const WAYS_OUT_MAX = 1024;
export const NO_WAY_OUT = 0x7ff;

/** struct way_out. */
export const WAY_OUT_BYTES = 32;

/** struct answer_addresses: beside an answer, where it is one over IPv6. */
export const AnswerAddresses = { bytes: 64, client: 0, vip: 16, local: 32 } as const;
/** Eight sources of 8 bytes. */
export const SOURCE_SET_BYTES = 64;

/** struct network: length of the prefix in bits, family and address. */
export const Network = { bytes: 24, prefixBits: 0, family: 4, address: 5 } as const;
/** enum permission. */
export const Permission = { deny: 1, allow: 2 } as const;

/** struct peer, the key; its value is the slot of a node. */
export const Peer = { bytes: 16, address: 0 } as const;

/** struct answerer, the key; its value is made of {@link Answers}. */
export const Answerer = { bytes: 24, address: 0, port: 16, protocol: 18 } as const;

/** ANSWERS_*. */
export const Answers = { nat: 1, fullnat: 2, to: 4 } as const;

export const SharingCounts = { bytes: 64, told: 0, ended: 8, missed: 16, overRate: 24, lost: 32 } as const;

/** In bpf/lib/events.h; `enum event_kind`. */
export const FlowEvent = { bytes: 96, kind: 0, place: 4, tag: 8, image: 16 } as const;
export const EventKind = { told: 0, refreshed: 1, ended: 2 } as const;

/** In bpf/lib/missed.h: what comes before the frame. */
export const Missed = { bytes: 96, ifindex: 0, isAnswer: 4, length: 8, handedOver: 12, image: 16 } as const;

export const Settlement = {
  bytes: 4096,
  what: 0,
  slot: 4,
  length: 8,
  result: 12,
  place: 16,
  handedOver: 20,
  tag: 24,
  image: 32,
  frame: 112,
} as const;
/** SETTLED_FRAME_MAX. */
export const SETTLED_FRAME_MAX = 3264;
/** enum settle_what. */
export const SettleWhat = { unknown: 0, client: 1, answer: 2, forget: 3 } as const;
/** enum settle_result, by number. */
export const settleResults = ['nothing', 'adopted', 'known', 'no_room', 'no_backend'] as const;
export const SettleRun = { bytes: 16, next: 0, count: 4, nonce: 8 } as const;

/** struct vlan, the value; its key is an interface's index. */
export const Vlan = { bytes: 8, ifindex: 0, id: 4 } as const;

/** struct trace_log and struct trace_step of bpf/lib/trace.h. */
export const TraceLog = { bytes: 4112, count: 0, closed: 4, dropped: 8, steps: 16 } as const;
export const TraceStepRecord = { bytes: 64, kind: 0, number: 4, words: 8 } as const;
/** enum trace_kind, by number. */
export const traceKinds = [
  'none',
  'parsed',
  'link_address',
  'taken_over',
  'service',
  'guard',
  'row',
  'choices',
  'flow',
  'owner',
  'asked',
  'rate',
  'persistence',
  'scheduled',
  'remembered',
  'translation',
  'answer',
  'fragment',
  'icmp',
  'method',
  'next_hop',
  'too_big',
] as const;
/** enum traced_icmp, by number. */
export const tracedIcmp = ['echo_request', 'error', 'other'] as const;

/** struct capture_settings of bpf/capture.bpf.c. */
export const CaptureSettings = {
  snapLength: 0,
  reason: 4,
  perSecond: 8,
  addressBytes: 12,
  address: 16,
  client: 32,
  clientBits: 48,
  clientBytes: 52,
} as const;
/** struct captured of bpf/capture.bpf.c. */
export const Captured = {
  time: 0,
  ifindex: 8,
  action: 12,
  reason: 16,
  originalLength: 20,
  length: 24,
  frame: 32,
} as const;
