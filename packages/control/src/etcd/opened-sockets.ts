import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const current = new AsyncLocalStorage<OpenedSockets>();
subscribe('net.client.socket', (message) => current.getStore()?.add((message as { socket: Socket }).socket));

/**
 * Sockets that are opened by what runs within. gRPC leaves a connection open for ever whose far end accepts it and
 * then says nothing, even when the channel is closed: a frozen member would cost a socket with each attempt.
 */
export class OpenedSockets implements Disposable {
  readonly #sockets = new Set<Socket>();
  #isDisposed = false;

  during<T>(work: () => Promise<T>): Promise<T> {
    return current.run(this, work);
  }

  add(socket: Socket): void {
    // A channel that is closed while it connects goes on trying for a second. At this moment the socket is not yet told to
    // connect, which would undo its end.
    if (this.#isDisposed) setImmediate(() => socket.destroy());
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}
