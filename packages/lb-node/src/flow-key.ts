import type { MissedPacket } from '@weir/dataplane';
import { FlowImageField as Field } from '@weir/packet';

/**
 * What packets of one flow and one direction have in common, as text for maps: direction, family, protocol, and both ends
 * that a packet of that direction names.
 */
export function flowKey({ direction, image }: Pick<MissedPacket, 'direction' | 'image'>): string {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const text = (from: number, to: number) => bytes.toString('latin1', from, to);
  const head = text(Field.family, Field.protocol + 1);
  return direction === 'client'
    ? `c${head}${text(Field.clientPort, Field.backendPort)}${text(Field.client, Field.backend)}`
    : `a${head}${text(Field.backendPort, Field.client)}${text(Field.backend, image.byteLength)}`;
}
