/** What is used here of the package raw-socket, which declares no types. */
declare module 'raw-socket' {
  export interface SocketOptions {
    readonly addressFamily: number;
    /** IPPROTO_* of <netinet/in.h>. */
    readonly protocol: number;
    readonly bufferSize?: number;
  }

  export interface Socket {
    /** The socket itself, without the queue of its own that the package has before it. */
    readonly wrap: {
      /** Sends now. @throws {Error} with the system's text of the errno */
      send(
        buffer: Uint8Array,
        offset: number,
        length: number,
        address: string,
        afterwards: (bytes: number) => void,
      ): void;
    };
    setOption(level: number, option: number, value: number): void;
    setOption(level: number, option: number, value: Buffer, length: number): void;
    on(event: 'message', listener: (packet: Buffer, source: string) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    close(): this;
  }

  export const AddressFamily: { readonly IPv4: number; readonly IPv6: number };
  export function createSocket(options: SocketOptions): Socket;
}
