/**
 * The program that puts changes into etcd as another one of a cluster would: with a client that stays connected. Prints
 * {@link Written} as a line of JSON for each. Argument: {@link EtcdWork} as JSON.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';

export interface EtcdWork {
  /** host:port */
  readonly endpoint: string;
  readonly writes: readonly EtcdWrite[];
  /** Before each write, one after the other; default: all at once. */
  readonly pausesMs?: readonly number[];
}

export interface EtcdWrite {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value?: string;
}

/** When etcd was asked and when it had answered, in ms since 1970. */
export interface Written {
  readonly askedMs: number;
  readonly answeredMs: number;
}

const { endpoint, writes, pausesMs } = JSON.parse(process.argv[2] as string) as EtcdWork;
const client = new Etcd3({ hosts: `http://${endpoint}` });
// The first request opens the connection.
await client.get('nothing');
if (pausesMs === undefined) await Promise.all(writes.map(write));
for (const [index, pauseMs] of (pausesMs ?? []).entries()) {
  await wait(pauseMs);
  await write(writes[index] as EtcdWrite);
}
client.close();

async function write({ key, value }: EtcdWrite): Promise<void> {
  const askedMs = performance.timeOrigin + performance.now();
  await (value === undefined ? client.delete().key(key) : client.put(key).value(value));
  const written: Written = { askedMs, answeredMs: performance.timeOrigin + performance.now() };
  process.stdout.write(`${JSON.stringify(written)}\n`);
}
