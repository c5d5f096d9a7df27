import { setTimeout as wait } from 'node:timers/promises';
import { CHANGED_KEY, type ControlLab, fileService } from './control-lab.js';
import { timeOf } from './logged-times.js';
import { EtcdWriter } from './write-to-etcd.js';

/** How long after a change all nodes had it in their data planes. */
export interface ChangeTimes {
  readonly source: 'etcd' | 'file';
  readonly ms: readonly number[];
}

const ROUNDS = 4;
/** Between changes: until nodes are at rest, and in no rhythm that timers have. */
const PAUSE_MIN_MS = 300;
const PAUSE_MAX_MS = 800;
const CHANGE_TIMEOUT_MS = 10_000;
/** Daemons say so right after they have written their tables. */
const TABLES_CHANGED = /"msg":"tables changed"/;

/** Lets a backend come and go, by etcd and by files that are replaced, in turns. */
export async function benchmarkChanges(
  lab: ControlLab,
  { changes }: { readonly changes: number },
  say: (line: string) => void,
): Promise<readonly ChangeTimes[]> {
  const times = { etcd: [] as number[], file: [] as number[] };
  // Even: a round ends as it began.
  const ofRound = 2 * Math.max(1, Math.round(changes / ROUNDS / 2));
  for (let round = 1; round <= ROUNDS; round++) {
    times.etcd.push(...(await changeEtcd(lab, ofRound)));
    times.file.push(...(await changeFiles(lab, ofRound)));
    say(`round ${round} of ${ROUNDS}: ${ofRound} changes by etcd, and as many by files`);
  }
  return [
    { source: 'etcd', ms: times.etcd },
    { source: 'file', ms: times.file },
  ];
}

async function changeEtcd(lab: ControlLab, count: number): Promise<number[]> {
  const value = JSON.stringify({ address: lab.changedAddress });
  const writes = Array.from({ length: count }, (_, index) => ({
    key: CHANGED_KEY,
    ...(index % 2 === 0 ? { value } : {}),
  }));
  await using writer = await EtcdWriter.start(lab.weir.lab.host('etcd'), lab.endpoint, writes);
  const times: number[] = [];
  for (const { value } of writes) {
    times.push(await untilAllHaveIt(lab, async () => (await writer.next()).askedMs));
    await lab.assertBackends('etcd', value !== undefined);
  }
  return times;
}

async function changeFiles(lab: ControlLab, count: number): Promise<number[]> {
  const { nodes, cluster } = lab.weir;
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const isWhole = index % 2 === 0;
    const documents = nodes.map((node) => ({ ...node.document, services: [fileService(cluster, isWhole)] }));
    const replace = () => {
      const beganMs = performance.timeOrigin + performance.now();
      for (const [at, node] of nodes.entries()) node.write(documents[at] as (typeof documents)[number]);
      return Promise.resolve(beganMs);
    };
    times.push(await untilAllHaveIt(lab, replace));
    await lab.assertBackends('file', isWhole);
  }
  return times;
}

/**
 * From a change until the last of all nodes has it, in ms.
 *
 * @param change  resolves with when it began, in ms since 1970
 */
async function untilAllHaveIt({ weir }: ControlLab, change: () => Promise<number>): Promise<number> {
  await wait(PAUSE_MIN_MS + Math.random() * (PAUSE_MAX_MS - PAUSE_MIN_MS));
  const seen = weir.nodes.map(({ process }) =>
    process.waitForLine(TABLES_CHANGED, { after: process.lines.length, timeoutMs: CHANGE_TIMEOUT_MS }),
  );
  const beganMs = await change();
  const lines = await Promise.all(seen);
  return Math.max(...lines.map(timeOf)) - beganMs;
}
