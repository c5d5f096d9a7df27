import { bytesToAddress } from '@weir/packet';
import type { ForwardingTables } from '../dataplane.js';
import { answerersOf } from '../owners-service.js';
import { protocolNumbers } from './transport.js';
import type { Tuple } from './tuple.js';

/** Where answers of one method come from: what no service takes may be one. */
export class Answerers {
  /** Address, protocol and port; port 0: all. */
  readonly #keys: ReadonlySet<string>;

  constructor(tables: Pick<ForwardingTables, 'services'>, method: 'nat' | 'fullnat') {
    this.#keys = new Set(
      answerersOf(tables, method).map(
        ({ address, protocol, port }) => `${address} ${protocolNumbers[protocol]} ${port}`,
      ),
    );
  }

  maySend({ source, protocol, sourcePort }: Tuple): boolean {
    const host = `${bytesToAddress(source)} ${protocol}`;
    return this.#keys.has(`${host} ${sourcePort}`) || this.#keys.has(`${host} 0`);
  }
}
