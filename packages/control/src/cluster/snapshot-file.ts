import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

/** The last good state of a cluster, as it is kept on disk. */
export interface Snapshot {
  readonly cluster: string;
  readonly revision: string;
  /** Without the prefix of the cluster, in the order in which they were made. */
  readonly keys: ReadonlyMap<string, string>;
  /** What is in force of them; differs where a key is bad now and was good before. */
  readonly good: ReadonlyMap<string, string>;
}

/** Files of another version are not read. */
const VERSION = 1;

const body = z.strictObject({
  version: z.literal(VERSION),
  cluster: z.string(),
  revision: z.string().regex(/^\d+$/),
  keys: z.array(z.tuple([z.string(), z.string()])),
  /** Of keys whose good text is another than their own. */
  formerly: z.array(z.tuple([z.string(), z.string()])),
  /** Keys that have no good text. */
  bad: z.array(z.string()),
});

/** Writes it whole or not at all: beside the file first, and to the disk before it takes its place. Readable to its owner alone. */
export async function writeSnapshot(file: string, { cluster, revision, keys, good }: Snapshot): Promise<void> {
  const text = JSON.stringify({
    version: VERSION,
    cluster,
    revision,
    keys: [...keys],
    formerly: [...good].filter(([key, value]) => keys.get(key) !== value),
    bad: [...keys.keys()].filter((key) => !good.has(key)),
  } satisfies z.input<typeof body>);
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  {
    await using handle = await open(temporary, 'w', 0o600);
    await handle.chmod(0o600);
    await handle.writeFile(`${checksum(text)}\n${text}\n`);
    await handle.sync();
  }
  await rename(temporary, file);
  await using directory = await open(dirname(file), 'r');
  await directory.sync();
}

/**
 * Reads it back.
 * @returns undefined: there is none
 * @throws {Error} what is wrong with the file, as the end of a sentence that begins with its name
 */
export async function readSnapshot(file: string, cluster: string): Promise<Snapshot | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`can't be read: ${(error as Error).message}`, { cause: error });
  }
  const [sum, json, end, ...rest] = text.split('\n');
  if (json === undefined || end !== '' || rest.length > 0) throw new Error('is not a snapshot of Weir, or was cut off');
  if (sum !== checksum(json)) throw new Error('has been changed or damaged: its checksum is another');
  const { data } = body.safeParse(JSON.parse(json));
  if (data === undefined) throw new Error(`is of another version of Weir; expected version ${VERSION}`);
  if (data.cluster !== cluster) throw new Error(`is of the cluster ${data.cluster}, not of ${cluster}`);
  const keys = new Map(data.keys);
  const good = new Map([...keys, ...data.formerly]);
  for (const key of data.bad) good.delete(key);
  return { cluster, revision: data.revision, keys, good };
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
