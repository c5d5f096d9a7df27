import { hash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';

/** A Lua script that is sent by its digest, and whole where the server does not know it. */
export class RedisScript {
  readonly #source: string;
  readonly #digest: string;

  constructor(source: string) {
    this.#source = source;
    this.#digest = hash('sha1', source, 'hex');
  }

  async load(client: Redis): Promise<void> {
    await client.script('LOAD', this.#source);
  }

  async run(
    client: Redis | Cluster,
    keys: readonly Buffer[],
    args: readonly (Buffer | string | number)[],
  ): Promise<unknown> {
    try {
      return await client.evalsha(this.#digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return client.eval(this.#source, keys.length, ...keys, ...args);
    }
  }
}
