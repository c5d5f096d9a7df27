import { type ControlLab, ROOT } from './control-lab.js';
import { timeOf, timesOf } from './logged-times.js';
import { writeAtOnce } from './write-to-etcd.js';

/** What became of many changes at once. */
export interface BurstFigures {
  readonly changes: number;
  /** Until etcd had taken all. */
  readonly writtenMs: number;
  /** From the first one until all nodes had the last one in force. */
  readonly inForceMs: number;
  /** Of each node: how often it went from one configuration to the next. */
  readonly passes: readonly number[];
}

const SETTLE_TIMEOUT_MS = 30_000;

/** Changes the weight of one backend again and again, as fast as etcd takes it. */
export async function benchmarkBurst(
  lab: ControlLab,
  { burst }: { readonly burst: number },
  say: (line: string) => void,
): Promise<BurstFigures> {
  const { nodes } = lab.weir;
  const from = nodes.map(({ process }) => process.lines.length);
  const key = `${ROOT}/backends/shop/backend2`;
  const address = lab.weir.cluster.backends[1]?.ipv4;
  const writes = Array.from({ length: burst }, (_, index) => ({
    key,
    value: JSON.stringify({ address, weight: 1 + (index % 100) }),
  }));
  const written = await writeAtOnce(lab.weir.lab.host('etcd'), lab.endpoint, writes);
  const revision = await lab.etcd.revision();
  const lastLines = await Promise.all(
    nodes.map(({ process }, index) =>
      process.waitForLine(new RegExp(`revision ${revision}\\b.*"msg":"configuration in force"`), {
        after: from[index] as number,
        timeoutMs: SETTLE_TIMEOUT_MS,
      }),
    ),
  );
  const passes = nodes.map((node, index) => timesOf(node, 'configuration in force', from[index] as number).length);
  const began = Math.min(...written.map(({ askedMs }) => askedMs));
  const ended = Math.max(...written.map(({ answeredMs }) => answeredMs));
  const inForce = Math.max(...lastLines.map(timeOf));
  say(`${burst} changes in ${(ended - began).toFixed(0)} ms: ${passes.join(', ')} passes`);
  return { changes: burst, writtenMs: ended - began, inForceMs: inForce - began, passes };
}
