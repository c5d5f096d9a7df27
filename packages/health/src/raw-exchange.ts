import { createRequire } from 'node:module';
import type * as RawSocket from 'raw-socket';
import type { Close } from './attempt.js';
import { ProbeSocketError } from './libc.js';
import { SO_MARK, SOL_SOCKET } from './marked-socket.js';

/** What goes over a raw socket, and how its answers are told apart. */
export interface RawProtocol<Answer> {
  readonly family: 4 | 6;
  /** IPPROTO_* of <netinet/in.h>. */
  readonly protocol: number;
  /** Filters that spare this process what is no answer. */
  readonly prepare: (socket: RawSocket.Socket) => void;
  /** Reads a packet, which in IPv4 begins with the IP header; undefined: it is no answer to anything. */
  readonly read: (packet: Buffer, source: string) => { readonly key: number; readonly answer: Answer } | undefined;
}

/**
 * One raw socket for all probes of a kind, since each raw socket gets a copy of every packet. It is open while an answer is
 * waited for.
 */
export class RawExchange<Answer> {
  readonly #protocol: RawProtocol<Answer>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #socket: RawSocket.Socket | undefined;

  constructor(protocol: RawProtocol<Answer>) {
    this.#protocol = protocol;
  }

  /** Whether an answer with this key is waited for. */
  has(key: number): boolean {
    return this.#waiting.has(key);
  }

  /**
   * Takes answers with this key until it is closed.
   *
   * @throws {ProbeSocketError} RAW_SOCKET_MISSING, RAW_SOCKET_REFUSED
   */
  expect(key: number, take: (answer: Answer) => void): Close {
    this.#socket ??= this.#open();
    this.#waiting.set(key, take);
    return () => {
      this.#waiting.delete(key);
      if (this.#waiting.size > 0) return;
      this.#socket?.close();
      this.#socket = undefined;
    };
  }

  /** @throws {Error} with the system's text of why it cannot be sent, or as {@link expect} */
  send(packet: Uint8Array, { address, mark }: { readonly address: string; readonly mark?: number }): void {
    this.#socket ??= this.#open();
    const socket = this.#socket;
    socket.setOption(SOL_SOCKET, SO_MARK, mark ?? 0);
    socket.wrap.send(packet, 0, packet.byteLength, address, () => {});
  }

  #open(): RawSocket.Socket {
    const { createSocket, AddressFamily } = loadPackage();
    const { family, protocol, prepare, read } = this.#protocol;
    const addressFamily = family === 4 ? AddressFamily.IPv4 : AddressFamily.IPv6;
    let socket: RawSocket.Socket | undefined;
    try {
      const opened = createSocket({ addressFamily, protocol });
      socket = opened;
      prepare(opened);
      // Who waits learns it by having no answer; the next one opens another. A socket that could not be read closes only so.
      opened.on('error', () => {
        opened.close();
        if (this.#socket === opened) this.#socket = undefined;
      });
      opened.on('message', (packet, source) => {
        const found = read(packet, source);
        if (found !== undefined) this.#waiting.get(found.key)?.(found.answer);
      });
      return opened;
    } catch (cause) {
      socket?.close();
      throw new ProbeSocketError(
        'RAW_SOCKET_REFUSED',
        `a raw socket for IPv${family} is refused: ${(cause as Error).message}; it needs root, or CAP_NET_RAW and CAP_NET_ADMIN`,
        { cause, details: { family, protocol } },
      );
    }
  }
}

/** At the first use: nobody else needs what has to be compiled. */
function loadPackage(): typeof RawSocket {
  try {
    return createRequire(import.meta.url)('raw-socket') as typeof RawSocket;
  } catch (cause) {
    throw new ProbeSocketError(
      'RAW_SOCKET_MISSING',
      'the package raw-socket could not be loaded; it is compiled when it is installed, which needs make, g++ and python3',
      { cause },
    );
  }
}
