import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket that passes bytes on to another one and back, until it is silent: as if the host behind it had lost its power. */
export class MuteRelay implements AsyncDisposable {
  readonly address: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'weirctl-relay-'));
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isMute = false;

  static async open(path: string): Promise<MuteRelay> {
    const relay = new MuteRelay(path);
    relay.#server.listen(relay.address.slice('unix:'.length));
    await once(relay.#server, 'listening');
    return relay;
  }

  private constructor(path: string) {
    this.address = `unix:${join(this.#directory, 'admin.sock')}`;
    this.#server = createServer((near) => {
      const far = connect(path);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (bytes) => {
          if (!this.#isMute) to.write(bytes);
        });
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
  }

  mute(): void {
    this.#isMute = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
