import { clusterPrefix } from '../cluster/cluster-key.js';
import { watchRange } from '../etcd/watch-stream.js';
import { readRollouts, rolloutNamed } from './read-rollouts.js';
import { connectAnyMember, type RolloutEtcd } from './rollout-etcd.js';
import { isTerminal, type RolloutStatus } from './rollout-status.js';
import { Wakeable } from './wakeable.js';

/** Without word of a change it is looked again: what a watch has lost is found. */
const LOOK_AGAIN_MS = 10_000;

/**
 * The status of a rollout, now and whenever it changes, until it has ended, is deleted, or the signal aborts.
 * @throws RolloutError ROLLOUT_UNKNOWN: there is none of this name, ROLLOUT_NO_ETCD; what etcd says, also in between
 */
export async function* watchRollout(
  etcd: RolloutEtcd,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<RolloutStatus, void, undefined> {
  using connection = await connectAnyMember(etcd);
  const wakeable = new Wakeable();
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const wake = () => wakeable.wake();
  let failure: Error | undefined;
  const { revision, rollouts } = await readRollouts(connection.client, etcd.cluster);
  rolloutNamed(rollouts, name);
  const watch = watchRange(connection.client, {
    prefix: `${clusterPrefix(etcd.cluster)}rollout`,
    fromRevision: BigInt(revision) + 1n,
    timeoutMs: etcd.timeoutMs,
    signal: stopped,
    onEvents: wake,
  }).then((error) => {
    failure = error;
    wake();
  });
  try {
    let told = '';
    while (!signal.aborted) {
      if (failure !== undefined) throw failure;
      const found = (await readRollouts(connection.client, etcd.cluster)).rollouts.find((one) => one.name === name);
      if (found === undefined) return;
      const { status, statusRevision } = found;
      if (status !== undefined && statusRevision !== told) yield status;
      told = statusRevision;
      if (status !== undefined && isTerminal(status.state)) return;
      await wakeable.sleep(LOOK_AGAIN_MS);
    }
  } finally {
    stop.abort();
    await watch;
  }
}
