/**
 * The program that puts changes into etcd as another one of a cluster would: with a client that stays connected. Prints
 * "ready", and {@link Written} as a line of JSON for each write. Argument: {@link EtcdWork} as JSON.
 */
import { once } from 'node:events';
import { Etcd3 } from 'etcd3';

export interface EtcdWork {
  /** host:port */
  readonly endpoint: string;
  readonly writes: readonly EtcdWrite[];
  /** `signal`: the next one at each SIGUSR2; `at-once`: all. */
  readonly pace: 'signal' | 'at-once';
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

const { endpoint, writes, pace } = JSON.parse(process.argv[2] as string) as EtcdWork;
const client = new Etcd3({ hosts: `http://${endpoint}` });
// The first request opens the connection.
await client.get('nothing');
if (pace === 'at-once') await Promise.all(writes.map(write));
else await writeBySignal();
client.close();

async function writeBySignal(): Promise<void> {
  // A signal alone does not keep a process alive.
  const living = setInterval(() => {}, 60_000);
  for (const [index, next] of writes.entries()) {
    const signal = once(process, 'SIGUSR2');
    if (index === 0) process.stdout.write('ready\n');
    await signal;
    await write(next);
  }
  clearInterval(living);
}

async function write({ key, value }: EtcdWrite): Promise<void> {
  const askedMs = performance.timeOrigin + performance.now();
  await (value === undefined ? client.delete().key(key) : client.put(key).value(value));
  const written: Written = { askedMs, answeredMs: performance.timeOrigin + performance.now() };
  process.stdout.write(`${JSON.stringify(written)}\n`);
}
