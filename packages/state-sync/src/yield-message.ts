import { createHash, timingSafeEqual } from 'node:crypto';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { STATE_RECORD_VERSION } from './flow-record.js';

/**
 * What a node tells the former owner of flows that it took over, on that owner's channel: their images.
 *
 *     0        1                                   9
 *     +--------+--------  ...  --------+--------  ...  --------+
 *     | version|       check (8)       |    images (80 each)   |
 *     +--------+--------  ...  --------+--------  ...  --------+
 *
 * check: the first bytes of SHA-256(secret | 'y' | owner (4) | images): what others publish on the channel, another
 * cluster for example, must not make a node forget its flows.
 */
const Field = { version: 0, check: 1, images: 9 } as const;

/** On which the node with that number is told. */
export function yieldChannel(owner: number): string {
  return `yield:${owner.toString(16).padStart(6, '0')}`;
}

export function encodeYieldMessage(images: Uint8Array, owner: number, secret: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(STATE_RECORD_VERSION), checkOf(images, owner, secret), images]);
}

/** Images of the flows that `owner` gives up; undefined: this is no message of this cluster to that node. */
export function decodeYieldMessage(message: Uint8Array, owner: number, secret: Uint8Array): Uint8Array | undefined {
  const images = message.subarray(Field.images);
  if (message[Field.version] !== STATE_RECORD_VERSION) return;
  if (images.byteLength === 0 || images.byteLength % FLOW_IMAGE_BYTES !== 0) return;
  const check = message.subarray(Field.check, Field.images);
  return timingSafeEqual(check, checkOf(images, owner, secret)) ? images : undefined;
}

function checkOf(images: Uint8Array, owner: number, secret: Uint8Array): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(owner);
  const digest = createHash('sha256').update(secret).update('y').update(number).update(images).digest();
  return digest.subarray(0, Field.images - Field.check);
}
