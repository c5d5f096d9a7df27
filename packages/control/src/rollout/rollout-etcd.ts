import type { Etcd3 } from 'etcd3';
import type { EtcdConfig } from '../cluster-config.js';
import type { EtcdClientConfig } from '../etcd/etcd-access.js';
import { connectEtcd, type EtcdConnection } from '../etcd/etcd-connection.js';
import { troubleText } from '../etcd/etcd-trouble.js';
import { RolloutError } from './rollout-error.js';

/** Where a cluster's rollouts are. */
export type RolloutEtcd = EtcdClientConfig & Pick<EtcdConfig, 'cluster' | 'endpoints'>;

/** What a key must be like for a transaction to happen. */
export type Guard =
  /** Not written since that revision; 0: not there. */
  { readonly key: string; readonly revision: string } | { readonly key: string; readonly text: string };

/** A key is put; null: deleted. */
export interface Change {
  readonly key: string;
  readonly text: string | null;
}

/**
 * The first member that answers.
 * @throws RolloutError ROLLOUT_NO_ETCD: none does; says how each failed
 */
export async function connectAnyMember(etcd: RolloutEtcd): Promise<EtcdConnection> {
  const troubles: string[] = [];
  for (const endpoint of etcd.endpoints) {
    try {
      return await connectEtcd(etcd, endpoint);
    } catch (error) {
      troubles.push(`etcd at ${endpoint.host}:${endpoint.port} ${troubleText(error as Error)}`);
    }
  }
  throw new RolloutError('ROLLOUT_NO_ETCD', troubles.join('; '));
}

/** All changes at once if all guards hold. @returns did they? @throws what etcd says */
export async function commitIf(client: Etcd3, guards: readonly Guard[], changes: readonly Change[]): Promise<boolean> {
  const { succeeded } = await client.kv.txn({
    compare: guards.map((guard) => {
      const key = Buffer.from(guard.key);
      return 'revision' in guard
        ? { key, target: 'Mod', result: 'Equal', mod_revision: guard.revision }
        : { key, target: 'Value', result: 'Equal', value: Buffer.from(guard.text) };
    }),
    success: changes.map(({ key, text }) =>
      text === null
        ? { request_delete_range: { key: Buffer.from(key) } }
        : { request_put: { key: Buffer.from(key), value: Buffer.from(text) } },
    ),
    failure: [],
  });
  return succeeded;
}
