import type { Socket } from 'node:net';
import koffi from 'koffi';

/** asm-generic/socket.h, as x86 and ARM have them. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Of `struct ucred` (unix(7)): pid, uid and gid, 32 bits each. */
const UCRED_BYTES = 12;
const Field = { uid: 4 } as const;

type GetSockOpt = (fd: number, level: number, option: number, value: Uint8Array, bytes: Uint8Array) => number;

let getsockopt: GetSockOpt | undefined;

/** User id of the process that opened a connection to a Unix socket; undefined: the kernel does not say. */
export function unixPeerUid(socket: Socket): number | undefined {
  getsockopt ??= koffi
    .load('libc.so.6')
    .func('int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ void *bytes)') as GetSockOpt;
  // Node.js has no public way to it.
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? -1;
  const credentials = Buffer.alloc(UCRED_BYTES);
  const bytes = Buffer.from(Uint32Array.of(UCRED_BYTES).buffer);
  if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, bytes) !== 0) return undefined;
  return new Uint32Array(credentials.buffer, credentials.byteOffset + Field.uid, 1)[0];
}
