import { fileURLToPath } from 'node:url';
import { BpfObject } from '../libbpf/bpf-object.js';
import { TraceLog } from './layout.js';
import { writeSettings } from './program-settings.js';
import { type TableSizes, tableNames } from './table-sizes.js';

const OBJECT_PATH = fileURLToPath(new URL('../../obj/trace.bpf.o', import.meta.url));
/** Slot of weir_seldom in the map `programs`. */
const SELDOM = 0;
/** Programs that no traced packet comes to. */
const otherPrograms = ['weir_settle', 'settle_all', 'start_clock', 'sweep_once'] as const;
/** Tables of the program that forwards, which this one reads. */
const sharedMaps = [...tableNames, 'networks', 'vlans', 'peers', 'answerers'] as const;
/** Where the program puts the elements that it would have changed (bpf/trace.bpf.c). */
const copies = [
  'copied_state',
  'copied_services',
  'copied_uses',
  'copied_connections',
  'copied_attempts',
  'copied_backend_cpus',
  'copied_drops',
  'copied_unresolved',
  'copied_flows',
  'copied_overflows',
  'copied_translations',
  'copied_answers',
  'copied_addresses',
  'copied_ways_out',
  'copied_sources',
  'copied_sharing',
] as const;

export type SharedMapName = (typeof sharedMaps)[number];

/** What the program said of a packet. */
export interface TracedRun {
  /** enum xdp_action of linux/bpf.h. */
  readonly action: number;
  /** The frame as the program left it. */
  readonly frame: Uint8Array;
  /** struct trace_log of bpf/lib/trace.h. */
  readonly log: DataView;
}

/**
 * The program that forwards, once more: on the same tables, but on copies of what it would write. It is loaded for the first packet
 * that is traced, which takes a second, and kept: it costs nothing but the kernel's memory for it.
 */
export class XdpTracer implements Disposable {
  readonly #object: BpfObject;

  private constructor(object: BpfObject) {
    this.#object = object;
  }

  /**
   * @param mapFd  of the program that forwards
   * @throws {DataplaneError} BPF_OBJECT_MISSING, BPF_LOAD_REFUSED, BPF_NOT_PERMITTED
   */
  static async load(
    sizes: TableSizes,
    mapFd: (name: SharedMapName) => number,
    options: { readonly nexthopCache?: boolean } = {},
  ): Promise<XdpTracer> {
    const object = new BpfObject(OBJECT_PATH);
    try {
      writeSettings(object, sizes, options);
      for (const name of otherPrograms) object.skipProgram(name);
      for (const name of sharedMaps) object.reuseMap(name, mapFd(name));
      await object.loadInBackground();
      const seldom = Buffer.alloc(4);
      seldom.writeUInt32LE(object.programFd('weir_seldom'));
      object.updateElement('programs', number(SELDOM), seldom);
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
    return new XdpTracer(object);
  }

  /** @param ingressIfindex  interface that the frame seems to have arrived on */
  run(frame: Uint8Array, ingressIfindex: number): TracedRun {
    const object = this.#object;
    for (const name of copies) object.emptyMap(name, 4);
    object.updateElement('trace_logs', number(0), Buffer.alloc(TraceLog.bytes));
    const { result, packet } = object.testRun('weir', frame, { ingressIfindex });
    const log = object.lookupElement('trace_logs', number(0), TraceLog.bytes);
    return {
      action: result,
      frame: Uint8Array.from(packet),
      log: new DataView(log.buffer, log.byteOffset, log.byteLength),
    };
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
