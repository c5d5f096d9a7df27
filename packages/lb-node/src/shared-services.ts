import type { ListenerConfig, NodeConfig } from '@weir/control';
import { serviceNumber } from '@weir/dataplane';
import { addressToBytes, FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';
import { serviceKeyOf } from './forwarding-tables.js';
import { NatOrigins } from './nat-origins.js';

/** What is asked of a configuration about flows of other nodes. */
export class SharedServices {
  readonly #numbers: ReadonlySet<number>;
  readonly #localAddresses: ReadonlySet<string>;
  readonly #origins: NatOrigins;

  constructor({ node, nodes, services }: Pick<NodeConfig, 'node' | 'nodes' | 'services'>) {
    this.#numbers = new Set(
      services.map(({ listeners: [first] }) => serviceNumber(serviceKeyOf(first as ListenerConfig))),
    );
    const pools = [node, ...(nodes?.members ?? [])].flatMap(({ localAddresses }) => localAddresses);
    this.#localAddresses = new Set(pools.map((address) => textOf(addressToBytes(address))));
    this.#origins = new NatOrigins(services);
  }

  /** Is the service of this flow configured? */
  has(image: Uint8Array): boolean {
    return this.#numbers.has(
      new DataView(image.buffer, image.byteOffset, FLOW_IMAGE_BYTES).getUint32(Field.service, true),
    );
  }

  /** Is this answer to a local address of some node, and so one of fullnat? */
  isToLocalAddress(answer: Uint8Array): boolean {
    const addressBytes = answer[Field.family] === 6 ? 16 : 4;
    return this.#localAddresses.has(textOf(answer.subarray(Field.local, Field.local + addressBytes)));
  }

  /** @see NatOrigins.of */
  originsOf(answer: Uint8Array): readonly Uint8Array[] {
    return this.#origins.of(answer);
  }
}

function textOf(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, address.byteLength).toString('latin1');
}
