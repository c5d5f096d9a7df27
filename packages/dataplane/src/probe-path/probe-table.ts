import type { ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { translatesAddresses } from '../forwarding-method.js';
import type { BpfObject } from '../libbpf/bpf-object.js';
import { encodeBackendRoute } from '../xdp/backend-record.js';
import { Backend } from '../xdp/layout.js';
import { isProbeMark } from './probe-mark.js';
import type { ProbeRoute } from './probe-route.js';

/** struct probe_route of bpf/probe.bpf.c. */
export const ProbeRouteRecord = { bytes: Backend.bytes + 4, backend: 0, arrivesOn: Backend.bytes } as const;
/** PROBE_ROUTES_MAX. */
export const PROBE_ROUTES_MAX = 65_536;
const MAP = 'probe_routes';

/** The records of routes by mark, checked. @throws {DataplaneError} TABLES_INVALID, TABLES_TOO_LARGE */
export function encodeProbeRoutes(
  routes: readonly ProbeRoute[],
  sources: ForwardingTables['sources'],
  arrivesOn: number,
): ReadonlyMap<number, Uint8Array> {
  if (routes.length > PROBE_ROUTES_MAX) {
    throw new DataplaneError('TABLES_TOO_LARGE', `expected at most ${PROBE_ROUTES_MAX} probes, not ${routes.length}`);
  }
  const records = new Map<number, Uint8Array>();
  for (const route of routes) {
    check(route, records);
    const record = new Uint8Array(ProbeRouteRecord.bytes);
    record.set(encodeBackendRoute({ address: route.backend, weight: 1 }, route.forwarding, sources));
    new DataView(record.buffer).setUint32(ProbeRouteRecord.arrivesOn, arrivesOn, true);
    records.set(route.mark, record);
  }
  return records;
}

function check({ mark, backend, forwarding }: ProbeRoute, others: ReadonlyMap<number, unknown>): void {
  const details = { mark, backend };
  if (!isProbeMark(mark)) {
    throw new DataplaneError(
      'TABLES_INVALID',
      `the probe of ${backend} has the mark ${mark}; take one of probeMark()`,
      {
        details,
      },
    );
  }
  if (others.has(mark)) {
    throw new DataplaneError('TABLES_INVALID', `two probes have the mark 0x${mark.toString(16)}`, { details });
  }
  if (translatesAddresses(forwarding)) {
    throw new DataplaneError(
      'TABLES_INVALID',
      `a probe of the method ${forwarding.method} needs no path of its own: it goes to ${backend} itself, without a mark`,
      { details },
    );
  }
}

/** The program's map from marks to routes, and what is in it. */
export class ProbeTable {
  readonly #object: BpfObject;
  #records: ReadonlyMap<number, Uint8Array> = new Map();

  /** @param object  loaded, its map empty; borrowed */
  constructor(object: BpfObject) {
    this.#object = object;
  }

  /** Stores what differs. */
  set(records: ReadonlyMap<number, Uint8Array>): void {
    for (const mark of this.#records.keys()) {
      if (!records.has(mark)) this.#object.deleteElement(MAP, keyOf(mark));
    }
    for (const [mark, record] of records) {
      const present = this.#records.get(mark);
      if (present === undefined || Buffer.compare(present, record) !== 0) {
        this.#object.updateElement(MAP, keyOf(mark), record);
      }
    }
    this.#records = records;
  }
}

function keyOf(mark: number): Uint8Array {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(mark);
  return key;
}
