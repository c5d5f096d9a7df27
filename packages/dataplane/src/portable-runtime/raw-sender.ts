import { createRequire } from 'node:module';
import type * as RawSocket from 'raw-socket';
import { DataplaneError } from '../dataplane-error.js';

/** <netinet/in.h>. Sockets of this protocol take whole packets, IP header included, in both families, and receive nothing. */
const IPPROTO_RAW = 255;
const SOL_SOCKET = 1;
/** Larger than net.core.wmem_max allows others (asm-generic/socket.h). */
const SO_SNDBUFFORCE = 32;
const SEND_BUFFER_BYTES = 8 << 20;

/** RFC 791, section 3.1. */
const Ipv4Field = { identification: 4, fragment: 6 } as const;
const DONT_FRAGMENT = 0x4000;

/** What became of a packet: on its way, or why not. */
export type Handed = 'sent' | 'too_big' | 'no_route';

/**
 * Sends whole IP packets through raw sockets. The kernel routes by the address that is given beside the packet, not by
 * the one in its header, and asks for that neighbour's MAC address (FLOWI_FLAG_KNOWN_NH): so direct routing needs no
 * more than the other methods.
 */
export class RawSender implements Disposable {
  readonly #raw: typeof RawSocket;
  readonly #sockets = new Map<4 | 6, RawSocket.Socket>();

  /** @throws {DataplaneError} RAW_SOCKET_MISSING, RAW_SOCKET_REFUSED */
  constructor() {
    this.#raw = loadPackage();
    this.#socketOf(4);
  }

  /**
   * @param frame  the packet, behind `ipOffset` bytes that are not sent
   * @param nextHop  address that the kernel's routes are asked for, text; of the packet's family
   */
  send(frame: Uint8Array, ipOffset: number, nextHop: string): Handed {
    try {
      const isIpv4 = (frame[ipOffset] as number) >> 4 === 4;
      const socket = this.#socketOf(isIpv4 ? 4 : 6);
      if (isIpv4) identify(new DataView(frame.buffer, frame.byteOffset + ipOffset));
      // socket.send() would hand over one packet per turn of the event loop.
      socket.wrap.send(frame, ipOffset, frame.byteLength - ipOffset, nextHop, noop);
      return 'sent';
    } catch (error) {
      return (error as Error).message === 'Message too long' ? 'too_big' : 'no_route';
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #socketOf(family: 4 | 6): RawSocket.Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const { createSocket, AddressFamily } = this.#raw;
    try {
      const addressFamily = family === 4 ? AddressFamily.IPv4 : AddressFamily.IPv6;
      const socket = createSocket({ addressFamily, protocol: IPPROTO_RAW, bufferSize: 1 });
      socket.pauseRecv();
      socket.setOption(SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
      this.#sockets.set(family, socket);
      return socket;
    } catch (cause) {
      throw new DataplaneError(
        'RAW_SOCKET_REFUSED',
        `a raw socket for IPv${family} is refused: ${(cause as Error).message}; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN`,
        { cause, details: { family } },
      );
    }
  }
}

function noop(): void {}

/**
 * The kernel gives a packet that may be fragmented and has identification 0 another one (raw(7)), a different one for
 * each fragment of it. So this gives all of them the same before. The kernel writes the header's checksum in any case.
 */
function identify(ip: DataView): void {
  const isWhole = (ip.getUint16(Ipv4Field.fragment) & DONT_FRAGMENT) !== 0;
  if (!isWhole && ip.getUint16(Ipv4Field.identification) === 0) ip.setUint16(Ipv4Field.identification, 0xffff);
}

/** At the first use: nobody else needs what has to be compiled. */
function loadPackage(): typeof RawSocket {
  try {
    return createRequire(import.meta.url)('raw-socket') as typeof RawSocket;
  } catch (cause) {
    throw new DataplaneError(
      'RAW_SOCKET_MISSING',
      'the package raw-socket could not be loaded; it is compiled when it is installed, which needs make, g++ and python3',
      { cause },
    );
  }
}
