import { hash } from 'node:crypto';
import { FlowImageField as Field } from '@weir/packet';
import { StateSyncError } from './state-sync-error.js';

/**
 * Bytes of an id: with the default prefix, a key and its header then fill 16 bytes, a size of Redis's allocator; a longer
 * id costs 16 bytes more for every flow. 72 bits: among 10 million flows any two are alike with a probability of 1e-8,
 * and then the record tells them apart.
 */
export const FLOW_ID_BYTES = 9;

/** Bytes of a cluster's secret. */
export const FLOW_SECRET_BYTES = 16;

const CLIENT = 0x63; // 'c'
const ANSWER = 0x61; // 'a'

/**
 * Ids under which flows of a cluster are stored: the first {@link FLOW_ID_BYTES} bytes of SHA-256 of
 *
 *     secret (16) | 'c' or 'a' | protocol | family | source | destination | source port | destination port
 *
 * addresses 4 or 16 bytes by family, everything in network order. Who does not know the secret can't find out which id a
 * flow has, nor send packets of flows whose ids are alike; other clusters' ids differ.
 */
export class FlowIds {
  readonly #v4: Tuple;
  readonly #v6: Tuple;

  /** @throws {StateSyncError} SECRET_INVALID */
  constructor(secret: Uint8Array) {
    if (secret.byteLength !== FLOW_SECRET_BYTES) {
      throw new StateSyncError(
        'SECRET_INVALID',
        `The secret of flow ids has to be ${FLOW_SECRET_BYTES} bytes, not ${secret.byteLength}; derive it from the cluster's seed`,
      );
    }
    this.#v4 = tuple(secret, 4);
    this.#v6 = tuple(secret, 16);
  }

  /** Of a flow's tuple as its client sends: client, VIP. The image is at `at`; its id is written to `into` at `to`. */
  writeClientId(images: Uint8Array, at: number, into: Buffer, to: number): void {
    this.#write(CLIENT, images, at, Field.client, Field.vip, Field.clientPort, Field.vipPort, into, to);
  }

  /** Of a flow of fullnat as its backend answers: backend, local address. */
  writeAnswerId(images: Uint8Array, at: number, into: Buffer, to: number): void {
    this.#write(ANSWER, images, at, Field.backend, Field.local, Field.backendPort, Field.localPort, into, to);
  }

  #write(
    direction: number,
    images: Uint8Array,
    at: number,
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    into: Buffer,
    to: number,
  ): void {
    const family = images[at + Field.family] as number;
    const { bytes, addressBytes } = family === 6 ? this.#v6 : this.#v4;
    let position = FLOW_SECRET_BYTES;
    bytes[position++] = direction;
    bytes[position++] = images[at + Field.protocol] as number;
    bytes[position++] = family;
    // Loops: for so few bytes they are faster than set(subarray()).
    for (let i = 0; i < addressBytes; i++) bytes[position++] = images[at + source + i] as number;
    for (let i = 0; i < addressBytes; i++) bytes[position++] = images[at + destination + i] as number;
    bytes[position++] = images[at + sourcePort] as number;
    bytes[position++] = images[at + sourcePort + 1] as number;
    bytes[position++] = images[at + destinationPort] as number;
    bytes[position++] = images[at + destinationPort + 1] as number;
    // As text: six times as fast as a Buffer, which is an allocation outside of V8's heap.
    into.write(hash('sha256', bytes, 'hex'), to, FLOW_ID_BYTES, 'hex');
  }
}

interface Tuple {
  readonly bytes: Buffer;
  readonly addressBytes: number;
}

function tuple(secret: Uint8Array, addressBytes: number): Tuple {
  const bytes = Buffer.alloc(FLOW_SECRET_BYTES + 3 + 2 * addressBytes + 4);
  bytes.set(secret);
  return { bytes, addressBytes };
}
