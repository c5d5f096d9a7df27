import { addressToBytes, isIpAddress } from '@weir/packet';
import { DataplaneError } from './dataplane-error.js';

/**
 * A network as "192.0.2.0/24", or an address alone.
 * @throws {DataplaneError} CAPTURE_REFUSED
 */
export function parseNetwork(text: string): { readonly address: Uint8Array; readonly bits: number } {
  const [address = '', length] = text.split('/');
  const bytes = isIpAddress(address) ? addressToBytes(address) : undefined;
  const bitsMax = (bytes?.byteLength ?? 0) * 8;
  const bits = length === undefined ? bitsMax : Number(length);
  if (bytes !== undefined && Number.isInteger(bits) && bits >= 0 && bits <= bitsMax) return { address: bytes, bits };
  throw new DataplaneError(
    'CAPTURE_REFUSED',
    `client is "${text}", not an IP address or a network such as 192.0.2.0/24`,
    {
      details: { client: text },
    },
  );
}
