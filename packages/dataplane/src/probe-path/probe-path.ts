import { fileURLToPath } from 'node:url';
import type { ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { BpfObject } from '../libbpf/bpf-object.js';
import {
  attachEgress,
  detachEgress,
  type FilterPlace,
  isEgressAttached,
  removeClsact,
} from '../libbpf/egress-filter.js';
import { interfaceIndex } from '../libbpf/xdp-link.js';
import { networkCommand } from '../portable-runtime/network-command.js';
import type { ProbeRoute } from './probe-route.js';
import { ProbeRouting } from './probe-routing.js';
import { encodeProbeRoutes, ProbeTable } from './probe-table.js';

const OBJECT_PATH = fileURLToPath(new URL('../../obj/probe.bpf.o', import.meta.url));
const PROGRAM = 'weir_probe';
const place: FilterPlace = { interface: 'lo', priority: 57, handle: 0x57 };

export interface ProbePathOptions {
  /** Of the node: where clients' packets arrive, and answers of backends. At least one. */
  readonly interfaces: readonly string[];
}

/**
 * Lets sockets of this node reach a VIP on a backend of their choice, in the packets that clients' connections would come
 * in. A socket's mark leads by a route table to lo; there a tc program puts the outer headers in front and sends the
 * packet on. Answers come straight from the VIP to this node's address.
 *
 * There is one in a network namespace: it takes the place of what a former life left.
 */
export class ProbePath implements AsyncDisposable {
  readonly #object: BpfObject;
  readonly #table: ProbeTable;
  readonly #routing: ProbeRouting;
  readonly #interfaces: readonly string[];
  #closed = false;

  /**
   * @throws {DataplaneError} BPF_NOT_PERMITTED, BPF_LOAD_REFUSED, BPF_OBJECT_MISSING, BPF_LIBRARY_MISSING, BPF_CALL_FAILED,
   *   COMMAND_MISSING, COMMAND_FAILED: nothing is left of it then
   */
  static async open({ interfaces }: ProbePathOptions): Promise<ProbePath> {
    const object = new BpfObject(OBJECT_PATH);
    try {
      object.load();
      attachEgress(object.programFd(PROGRAM), place);
      return new ProbePath(object, await ProbeRouting.open(interfaces), interfaces);
    } catch (error) {
      await removeFilter();
      object[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Takes away what a life left that was killed. Nothing there is fine.
   * @throws {DataplaneError} BPF_CALL_FAILED, COMMAND_MISSING, COMMAND_FAILED
   */
  static async remove(): Promise<void> {
    await ProbeRouting.remove();
    await removeFilter();
  }

  private constructor(object: BpfObject, routing: ProbeRouting, interfaces: readonly string[]) {
    this.#object = object;
    this.#table = new ProbeTable(object);
    this.#routing = routing;
    this.#interfaces = interfaces;
  }

  /**
   * Says which routes there shall be; the difference is found. One call at a time, and one more whenever links or addresses
   * of the node changed.
   *
   * @param sources  addresses of this node that the packets come from, inside and outside; where one is missing, tunnels
   *   over that family are refused, and the kernel chooses who asks
   * @throws {DataplaneError} TABLES_INVALID, TABLES_TOO_LARGE, INTERFACE_MISSING: nothing was changed; COMMAND_FAILED,
   *   DATAPLANE_CLOSED
   */
  async set(routes: readonly ProbeRoute[], sources: ForwardingTables['sources']): Promise<void> {
    if (this.#closed) throw new DataplaneError('DATAPLANE_CLOSED', 'the path of probes was closed');
    const arrivesOn = interfaceIndex(this.#interfaces[0] as string);
    const records = encodeProbeRoutes(routes, sources, arrivesOn);
    await this.#routing.set(
      routes.map(({ vip }) => vip),
      sources,
    );
    this.#table.set(records);
  }

  /** Takes rules, routes and program away. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#routing[Symbol.asyncDispose]();
    await removeFilter();
    this.#object[Symbol.dispose]();
  }
}

/** The qdisc goes with the last of its filters. */
async function removeFilter(): Promise<void> {
  if (!isEgressAttached(place)) return;
  detachEgress(place);
  const show = (direction: string) => networkCommand('tc', ['filter', 'show', 'dev', place.interface, direction]);
  const others = `${await show('ingress')}${await show('egress')}`;
  if (others.trim() === '') removeClsact(place.interface);
}
