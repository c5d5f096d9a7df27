import { DataplaneError } from '../dataplane-error.js';
import { checked, native } from './native.js';

const AF_INET = 2;
const SOCK_DGRAM = 2;
/** linux/sockios.h. */
const SIOCGIFHWADDR = 0x8927;
/** struct ifreq of linux/if.h: the name, then a struct sockaddr whose data begins after two bytes of family. */
const InterfaceRequest = { bytes: 40, nameBytesMax: 15, mac: 18 } as const;

/**
 * MAC address of an interface of this network namespace, 6 bytes. /sys would not do: it may be another namespace's.
 * @throws {DataplaneError} INTERFACE_MISSING
 */
export function macAddressOf(interfaceName: string): Uint8Array {
  const request = Buffer.alloc(InterfaceRequest.bytes);
  request.write(interfaceName.slice(0, InterfaceRequest.nameBytesMax), 'latin1');
  const socket = checked(native().socket(AF_INET, SOCK_DGRAM, 0), 'opening a socket');
  try {
    if (native().ioctl(socket, SIOCGIFHWADDR, request) !== 0) {
      throw new DataplaneError('INTERFACE_MISSING', `interface "${interfaceName}" does not exist; see "ip link"`, {
        details: { interface: interfaceName },
      });
    }
  } finally {
    native().close(socket);
  }
  return request.subarray(InterfaceRequest.mac, InterfaceRequest.mac + 6);
}
