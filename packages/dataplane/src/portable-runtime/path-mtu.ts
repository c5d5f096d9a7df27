import { closeSync } from 'node:fs';
import { libc } from './libc.js';

/** <sys/socket.h>, <netinet/in.h>. */
const AF_UNSPEC = 0;
const SOCK_DGRAM = 2;
const families = {
  4: { domain: 2, level: 0, mtuOption: 14, bytes: 16, address: 4 },
  6: { domain: 10, level: 41, mtuOption: 24, bytes: 28, address: 8 },
} as const;
/** Any will do but 0. */
const PORT_DISCARD = 9;

/**
 * Asks the kernel what it would send to an address, without a process or a packet: a datagram socket is connected there,
 * and tells the MTU of its route, what was learned of the path included (ip(7), IP_MTU).
 */
export class PathMtu implements Disposable {
  readonly #sockets = new Map<4 | 6, number>();

  /** In bytes, from the IP header on; undefined: there is no route. */
  to(address: Uint8Array): number | undefined {
    const family = address.byteLength === 4 ? 4 : 6;
    const { bytes, domain, level, mtuOption, address: addressOffset } = families[family];
    const socket = this.#socketOf(family);
    const peer = Buffer.alloc(bytes);
    // Without this the kernel would keep the source address that it chose for the last one.
    peer.writeUInt16LE(AF_UNSPEC);
    libc().connect(socket, peer, bytes);
    peer.writeUInt16LE(domain);
    peer.writeUInt16BE(PORT_DISCARD, 2);
    peer.set(address, addressOffset);
    if (libc().connect(socket, peer, bytes) !== 0) return undefined;
    const value = Buffer.alloc(4);
    const valueBytes = Buffer.from([4, 0, 0, 0]);
    return libc().getsockopt(socket, level, mtuOption, value, valueBytes) === 0 ? value.readUInt32LE() : undefined;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets.values()) closeSync(socket);
    this.#sockets.clear();
  }

  #socketOf(family: 4 | 6): number {
    const socket = this.#sockets.get(family) ?? (libc().socket(families[family].domain, SOCK_DGRAM, 0) as number);
    if (socket >= 0) this.#sockets.set(family, socket);
    return socket;
  }
}
