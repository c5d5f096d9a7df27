import type { Cluster, Redis } from 'ioredis';
import { eachEnd, eachWrite } from './packed-writes.js';
import { RedisScript } from './redis-script.js';
import { REMOVE_ANSWER_SCRIPT, REMOVE_RECORD_SCRIPT, REMOVE_SCRIPT, WRITE_SCRIPT } from './redis-scripts.js';

/** How records are written and read: all that one server and a cluster differ in. */
export interface RedisRecords {
  /** Called whenever the connection is ready again. */
  prepare(): Promise<void>;
  write(packed: Buffer, ttlSeconds: readonly number[]): Promise<void>;
  remove(packed: Buffer, owner: number): Promise<void>;
  read(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]>;
}

const write = new RedisScript(WRITE_SCRIPT);
const remove = new RedisScript(REMOVE_SCRIPT);
const removeRecord = new RedisScript(REMOVE_RECORD_SCRIPT);
const removeAnswer = new RedisScript(REMOVE_ANSWER_SCRIPT);

/** On a server that holds all keys, a batch is one command. */
export function recordsOfServer(client: Redis, prefix: Buffer): RedisRecords {
  return {
    async prepare() {
      // Known before the first batch: a batch that had to be sent again would come after its successors.
      await Promise.all([write.load(client), remove.load(client)]);
    },
    async write(packed, ttlSeconds) {
      await write.run(client, [], [prefix, ...ttlSeconds, packed]);
    },
    async remove(packed, owner) {
      await remove.run(client, [], [prefix, ownerBytes(owner), packed]);
    },
    async read(keys) {
      return keys.length === 0 ? [] : client.mgetBuffer(...keys);
    },
  };
}

/**
 * In a cluster, each key is asked for at its server. What changes keys waits for its predecessors: a command that a
 * server sends elsewhere would come after those that found their way at once.
 */
export function recordsOfCluster(client: Cluster, prefix: Buffer): RedisRecords {
  const keyOf = (id: Buffer) => Buffer.concat([prefix, id]);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async (commands: () => readonly Promise<unknown>[]): Promise<void> => {
    const turn = last.then(() => allOf(commands()));
    last = turn.catch(() => {});
    await turn;
  };
  const removeOne = async (clientId: Buffer, answerId: Buffer | undefined, owner: Buffer): Promise<void> => {
    const removed = await removeRecord.run(client, [keyOf(clientId)], [owner]);
    if (removed === 1 && answerId !== undefined) await removeAnswer.run(client, [keyOf(answerId)], [clientId]);
  };
  return {
    async prepare() {},
    write(packed, ttlSeconds) {
      return inTurn(() => {
        const writes: Promise<unknown>[] = [];
        eachWrite(packed, (id, value, state) => {
          writes.push(client.set(keyOf(id), value, 'EX', ttlSeconds[state] ?? 1));
        });
        return writes;
      });
    },
    remove(packed, owner) {
      return inTurn(() => {
        const removals: Promise<unknown>[] = [];
        eachEnd(packed, (clientId, answerId) => {
          removals.push(removeOne(clientId, answerId, ownerBytes(owner)));
        });
        return removals;
      });
    },
    async read(keys) {
      return allOf(keys.map((key) => client.getBuffer(key)));
    },
  };
}

/** All of them, or the first error after all have ended: nothing is under way any more when a batch is sent again. */
async function allOf<T>(commands: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(commands);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

function ownerBytes(owner: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntBE(owner, 0, 3);
  return bytes;
}
