import { addressToBytes, FlowImageField, flowKinds } from '@weir/packet';
import { decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { Backend, MethodCode } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** Which slot the backend of an image has on this node. Made anew after each change of the tables, when it is asked for. */
export class SettledBackends {
  readonly #memory: TableMemory;
  #slots: ReadonlyMap<string, number> | undefined;

  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /** The tables are others now. */
  forget(): void {
    this.#slots = undefined;
  }

  /** Undefined: its service, or a backend of it by this method, is not here. */
  find(image: Uint8Array): number | undefined {
    this.#slots ??= this.#read();
    const view = new DataView(image.buffer, image.byteOffset);
    const flags = image[FlowImageField.kind] as number;
    const kind = flags & 3;
    const service = view.getUint32(FlowImageField.service, true);
    const address = Buffer.from(image.buffer, image.byteOffset + FlowImageField.backend, 16);
    const port = view.getUint16(FlowImageField.backendPort);
    const exact = this.#slots.get(keyOf(service, kind, address, port));
    // nat and fullnat: the port that packets go to; 0 stands for the VIP's.
    return exact ?? (kind === 0 ? undefined : this.#slots.get(keyOf(service, kind, address, 0)));
  }

  #read(): ReadonlyMap<string, number> {
    const memory = this.#memory;
    const slots = new Map<string, number>();
    for (let slot = 0; slot < memory.sizes.backends; slot++) {
      const service = memory.backendOwner(slot);
      if (service === undefined) continue;
      const route = memory.backendRoute(slot, ROUTE_BYTES);
      const { address, port } = decodeBackend(route);
      const bytes = Buffer.alloc(16);
      bytes.set(addressToBytes(address));
      const number = Number(memory.serviceName(service) & 0xffff_ffffn);
      slots.set(keyOf(number, kindOf(route[Backend.method] as number), bytes, port), slot);
    }
    return slots;
  }
}

function kindOf(method: number): number {
  if (method < MethodCode.nat) return flowKinds.indexOf('plain');
  return flowKinds.indexOf(method === MethodCode.nat ? 'nat' : 'fullnat');
}

function keyOf(service: number, kind: number, address: Buffer, port: number): string {
  return `${service} ${kind} ${port} ${address.toString('latin1')}`;
}
