import { addressToBytes, FlowImageField as Field, flowImageStates, flowKinds } from '@weir/packet';
import { ServiceDirectory } from '../find-service.js';
import { isToldState } from '../told-state.js';
import { decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { Backend, MethodCode } from './layout.js';
import type { TableMemory } from './table-memory.js';

const KIND = 0x03;
/** VIPs and ports that images had; a service may have all ports of many VIPs. */
const LISTENED_MAX = 10_000;

interface Known {
  /** Slot by service, method, backend and port. */
  readonly slots: ReadonlyMap<string, number>;
  readonly directory: ServiceDirectory<number>;
  /** Number of the service by index. */
  readonly numbers: ReadonlyMap<number, number>;
  /** By what of an image says so: whether its service listens at its VIP and port. */
  readonly listened: Map<string, boolean>;
}

/**
 * Which slot the backend of an image has on this node. What no node with these tables could have told has none. Made anew
 * after each change of the tables, when it is asked for.
 */
export class SettledBackends {
  readonly #memory: TableMemory;
  #known: Known | undefined;

  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /** The tables are others now. */
  forget(): void {
    this.#known = undefined;
  }

  /** Undefined: the service at its VIP and port is another one, or has no such backend by this method. */
  find(image: Uint8Array): number | undefined {
    this.#known ??= this.#read();
    const view = new DataView(image.buffer, image.byteOffset);
    const state = flowImageStates[image[Field.state] as number] ?? 'none';
    if (!isToldState(state, image[Field.protocol] as number)) return undefined;
    if (!this.#isListened(image, this.#known)) return undefined;
    const kind = (image[Field.kind] as number) & KIND;
    const service = view.getUint32(Field.service, true);
    const address = Buffer.from(image.buffer, image.byteOffset + Field.backend, 16);
    const port = view.getUint16(Field.backendPort);
    const exact = this.#known.slots.get(keyOf(service, kind, address, port));
    // nat and fullnat: the port that packets go to; a backend without one keeps the VIP's.
    const keepsPort = kind !== 0 && port === view.getUint16(Field.vipPort);
    return exact ?? (keepsPort ? this.#known.slots.get(keyOf(service, kind, address, 0)) : undefined);
  }

  #isListened(image: Uint8Array, { directory, numbers, listened }: Known): boolean {
    const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
    const text = (from: number, to: number) => bytes.toString('latin1', from, to);
    const key =
      text(Field.family, Field.state) +
      text(Field.service, Field.clientPort) +
      text(Field.vipPort, Field.backendPort) +
      text(Field.vip, Field.backend);
    let isListened = listened.get(key);
    if (isListened === undefined) {
      const destination = bytes.subarray(Field.vip, Field.vip + (image[Field.family] === 6 ? 16 : 4));
      const destinationPort = bytes.readUInt16BE(Field.vipPort);
      const index = directory.find({ protocol: image[Field.protocol] as number, destination, destinationPort });
      isListened = index !== undefined && numbers.get(index) === bytes.readUInt32LE(Field.service);
      if (listened.size >= LISTENED_MAX) listened.clear();
      listened.set(key, isListened);
    }
    return isListened;
  }

  #read(): Known {
    const memory = this.#memory;
    const slots = new Map<string, number>();
    const numbers = new Map<number, number>();
    for (let slot = 0; slot < memory.sizes.backends; slot++) {
      const service = memory.backendOwner(slot);
      if (service === undefined || service === memory.owners) continue;
      const number = Number(memory.serviceName(service) & 0xffff_ffffn);
      numbers.set(service, number);
      const route = memory.backendRoute(slot, ROUTE_BYTES);
      const { address, port } = decodeBackend(route);
      const bytes = Buffer.alloc(16);
      bytes.set(addressToBytes(address));
      slots.set(keyOf(number, kindOf(route[Backend.method] as number), bytes, port), slot);
    }
    const listeners = memory.listeners().map(([key, service]) => ({ key, service }));
    return { slots, directory: new ServiceDirectory(listeners), numbers, listened: new Map() };
  }
}

function kindOf(method: number): number {
  if (method < MethodCode.nat) return flowKinds.indexOf('plain');
  return flowKinds.indexOf(method === MethodCode.nat ? 'nat' : 'fullnat');
}

function keyOf(service: number, kind: number, address: Buffer, port: number): string {
  return `${service} ${kind} ${port} ${address.toString('latin1')}`;
}
