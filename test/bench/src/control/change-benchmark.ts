import { setTimeout as wait } from 'node:timers/promises';
import { CHANGED_KEY, type ControlLab, fileService } from './control-lab.js';
import { latenciesOf } from './latencies.js';
import { timesOfTables } from './logged-times.js';
import { writeToEtcd } from './write-to-etcd.js';

/** How long after a change all nodes had it in their data planes. */
export interface ChangeTimes {
  readonly source: 'etcd' | 'file';
  readonly ms: readonly number[];
}

const ROUNDS = 4;
/** Between changes: longer than nodes take, and of no rhythm that timers have. */
const PAUSE_MIN_MS = 600;
const PAUSE_MAX_MS = 1100;

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
  const tables = followTables(lab);
  const host = lab.weir.lab.host('etcd');
  const written = await writeToEtcd(host, { endpoint: lab.endpoint, writes, pausesMs: writes.map(pauseMs) });
  await wait(PAUSE_MIN_MS);
  await lab.assertBackends('etcd', false);
  return latenciesOf(
    written.map(({ askedMs }) => askedMs),
    tables(),
  );
}

async function changeFiles(lab: ControlLab, count: number): Promise<number[]> {
  const { nodes, cluster } = lab.weir;
  const began: number[] = [];
  const tables = followTables(lab);
  for (let index = 0; index < count; index++) {
    await wait(pauseMs());
    began.push(performance.timeOrigin + performance.now());
    for (const node of nodes) node.write({ ...node.document, services: [fileService(cluster, index % 2 === 0)] });
  }
  await wait(PAUSE_MIN_MS);
  await lab.assertBackends('file', false);
  return latenciesOf(began, tables());
}

/** From now on; the answer is what each node has told until it is asked. */
function followTables({ weir }: ControlLab): () => readonly (readonly number[])[] {
  const from = weir.nodes.map(({ process }) => process.lines.length);
  return () => weir.nodes.map((node, index) => timesOfTables(node, from[index]));
}

function pauseMs(): number {
  return PAUSE_MIN_MS + Math.random() * (PAUSE_MAX_MS - PAUSE_MIN_MS);
}
