import { addressToBytes, bytesToAddress, familyOf } from '@weir/packet';
import { checked, libc } from './libc.js';
import { AF_INET, AF_INET6, openMarked, SocketKind } from './marked-socket.js';

/** sockaddr_in (ip(7)) and sockaddr_in6 (ipv6(7)), by offsets; both have the port at 2. */
const PORT_OFFSET = 2;
const sockaddrs = {
  4: { family: AF_INET, bytes: 16, address: 4, addressBytes: 4 },
  6: { family: AF_INET6, bytes: 28, address: 8, addressBytes: 16 },
} as const;

/** An end of a connection. */
export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/** A TCP port of this host that nobody else gets meanwhile. */
export interface LocalEnd extends SocketEnd, Disposable {}

/**
 * Reserves a port at the address from which packets reach `remote` by the way that the mark decides. The kernel answers
 * what comes there by a RST.
 *
 * @throws {ProbeSocketError}
 */
export function reserveLocalEnd(remote: SocketEnd, mark?: number): LocalEnd {
  const isIpv6 = familyOf(remote.address) === 6;
  const { address } = withSocket(openMarked(SocketKind.datagram, isIpv6, mark), (fd) => {
    // Connecting sends nothing in UDP: it looks up the route.
    const sockaddr = encodeSockaddr(remote);
    checked('connect', libc().connect(fd, sockaddr, sockaddr.byteLength));
    return localEndOf(fd, isIpv6);
  });
  const fd = openMarked(SocketKind.stream, isIpv6);
  try {
    const sockaddr = encodeSockaddr({ address, port: 0 });
    checked('bind', libc().bind(fd, sockaddr, sockaddr.byteLength));
    return { ...localEndOf(fd, isIpv6), [Symbol.dispose]: () => void libc().close(fd) };
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}

function withSocket<Result>(fd: number, use: (fd: number) => Result): Result {
  try {
    return use(fd);
  } finally {
    libc().close(fd);
  }
}

function localEndOf(fd: number, isIpv6: boolean): SocketEnd {
  const { bytes, address, addressBytes } = sockaddrs[isIpv6 ? 6 : 4];
  const sockaddr = new Uint8Array(bytes);
  const length = new Uint8Array(new Uint32Array([bytes]).buffer);
  checked('getsockname', libc().getsockname(fd, sockaddr, length));
  return {
    address: bytesToAddress(sockaddr.slice(address, address + addressBytes)),
    port: new DataView(sockaddr.buffer).getUint16(PORT_OFFSET),
  };
}

function encodeSockaddr({ address, port }: SocketEnd): Uint8Array {
  const layout = sockaddrs[familyOf(address)];
  const sockaddr = new Uint8Array(layout.bytes);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, layout.family, true);
  view.setUint16(PORT_OFFSET, port);
  sockaddr.set(addressToBytes(address), layout.address);
  return sockaddr;
}
