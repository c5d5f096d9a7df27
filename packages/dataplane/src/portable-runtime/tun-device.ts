import { closeSync, constants, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { DataplaneError } from '../dataplane-error.js';
import { addressOf, Errno, errnoName, lastErrno, libc } from './libc.js';

const PATH = '/dev/net/tun';
/** linux/if_tun.h. No IFF_VNET_HDR: the kernel then completes checksums, and cuts what was merged, before we read. */
const TUNSETIFF = 0x4004_54ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
/** Refuses a device that is there already, be it somebody's persistent one. */
const IFF_TUN_EXCL = 0x8000;
/** struct ifreq of linux/if.h: the name with its final 0, then a short of flags. */
const InterfaceRequest = { bytes: 40, nameBytesMax: 15, flags: 16 } as const;
/** struct pollfd of <poll.h>. */
const PollFd = { bytes: 8, fd: 0, events: 4, revents: 6 } as const;
const POLLIN = 1;
const POLLERR = 8;
const EFD_NONBLOCK = 0x800;
const WITHOUT_END = -1;

/**
 * A network device whose other side is this process: what the kernel sends out there is read here, what is written here
 * the kernel receives. IP packets without a link header. It goes with the process, however that ends.
 */
export class TunDevice implements AsyncDisposable {
  readonly name: string;
  readonly #fd: number;
  readonly #wakeFd: number;
  readonly #pollFds = Buffer.alloc(2 * PollFd.bytes);
  #waiting: Promise<void> | undefined;

  /** @throws {DataplaneError} TUN_MISSING, TUN_NOT_PERMITTED, TUN_BUSY, TUN_FAILED */
  static open(name: string): TunDevice {
    const fd = openClone();
    try {
      const request = Buffer.alloc(InterfaceRequest.bytes);
      if (name.length === 0 || Buffer.byteLength(name) > InterfaceRequest.nameBytesMax) {
        throw new DataplaneError('TUN_FAILED', `"${name}" can't name a device; 1 to 15 bytes are allowed`);
      }
      request.write(name, 'latin1');
      request.writeUInt16LE(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL, InterfaceRequest.flags);
      if (libc().ioctl(fd, TUNSETIFF, request) !== 0) throw refusal(name, lastErrno());
      return new TunDevice(name, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  private constructor(name: string, fd: number) {
    this.name = name;
    this.#fd = fd;
    this.#wakeFd = libc().eventfd(0, EFD_NONBLOCK) as number;
    for (const [i, each] of [fd, this.#wakeFd].entries()) {
      this.#pollFds.writeInt32LE(each, i * PollFd.bytes + PollFd.fd);
      this.#pollFds.writeInt16LE(POLLIN, i * PollFd.bytes + PollFd.events);
    }
  }

  /** Takes the next packet, which has to fit; its length in bytes, or 0 if there is none now. */
  read(into: Uint8Array): number {
    return Math.max(0, Number(libc().read(this.#fd, into, into.byteLength)));
  }

  /** Lets the kernel receive a packet. What it has no room for is lost, as on any wire. */
  write(packet: Uint8Array): void {
    libc().write(this.#fd, packet, packet.byteLength);
  }

  /**
   * Until there is something to read, or the device is closed. It occupies a thread of libuv's pool meanwhile.
   * @throws {DataplaneError} TUN_FAILED: somebody deleted the device
   */
  readable(): Promise<void> {
    this.#waiting = this.#poll();
    return this.#waiting;
  }

  async #poll(): Promise<void> {
    const poll = promisify(libc().poll.async) as (...args: readonly unknown[]) => Promise<number>;
    await poll(addressOf(this.#pollFds), 2, WITHOUT_END);
    if ((this.#pollFds.readInt16LE(PollFd.revents) & POLLERR) === 0) return;
    throw new DataplaneError('TUN_FAILED', `the device "${this.name}" was deleted; start anew`, {
      details: { device: this.name },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const one = Buffer.alloc(8);
    one.writeBigUInt64LE(1n);
    libc().write(this.#wakeFd, one, one.byteLength);
    // A descriptor must not go while a thread waits for it: its number may be another file's at once.
    await this.#waiting?.catch(() => {});
    closeSync(this.#fd);
    closeSync(this.#wakeFd);
  }
}

function openClone(): number {
  try {
    return openSync(PATH, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw notPermitted(code, cause);
    throw new DataplaneError(
      'TUN_MISSING',
      `${PATH} can't be opened (${code}); load the kernel module tun, and give a container the device (--device ${PATH})`,
      { cause, details: { path: PATH } },
    );
  }
}

function refusal(name: string, errno: number): DataplaneError {
  if (errno === Errno.EPERM) return notPermitted(errnoName(errno));
  if (errno === Errno.EBUSY || errno === Errno.EINVAL) {
    return new DataplaneError(
      'TUN_BUSY',
      `a device "${name}" exists already; see "ip -d link show ${name}", and end what holds it or choose another name`,
      { details: { device: name } },
    );
  }
  return new DataplaneError('TUN_FAILED', `making the TUN device "${name}" failed: ${errnoName(errno)}`, {
    details: { device: name, errno: errnoName(errno) },
  });
}

function notPermitted(errno: string, cause?: unknown): DataplaneError {
  return new DataplaneError(
    'TUN_NOT_PERMITTED',
    `making a TUN device is not permitted (${errno}); run as root, or with CAP_NET_ADMIN and CAP_NET_RAW`,
    { cause },
  );
}
