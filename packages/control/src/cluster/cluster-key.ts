import { isKeyPart } from '../etcd-schema.js';

/** Sections of weir.yaml that may stand in etcd, for all nodes at once. */
export const settingNames = ['guard', 'timeouts', 'announce', 'nodes'] as const;
export type SettingName = (typeof settingNames)[number];

/** What a key below `/weir/v1/CLUSTER/` is for (docs/etcd.md). */
export type ClusterKey =
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'backend'; readonly service: string; readonly name: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'node-state'; readonly name: string }
  | { readonly kind: 'setting'; readonly name: SettingName }
  /** Of other parts of Weir. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unknown'; readonly problem: string };

/** What every key of a cluster begins with. */
export function clusterPrefix(cluster: string): string {
  return `/weir/v1/${cluster}/`;
}

/** @param key  without the prefix of the cluster */
export function parseClusterKey(key: string): ClusterKey {
  const [kind, ...names] = key.split('/');
  const wrong = names.find((name) => !isKeyPart(name));
  if (kind === 'rollouts' || kind === 'rollout-status' || kind === 'rollout-leader') return { kind: 'other' };
  if (wrong !== undefined) {
    const problem = `${JSON.stringify(wrong)} in the key is not a name: letters, digits, and . _ : [ ] -`;
    return { kind: 'unknown', problem };
  }
  const [first, second] = names as [string, string];
  if (names.length === 2 && kind === 'backends') return { kind: 'backend', service: first, name: second };
  if (names.length === 1) {
    if (kind === 'services') return { kind: 'service', name: first };
    if (kind === 'nodes') return { kind: 'node', name: first };
    if (kind === 'node-states') return { kind: 'node-state', name: first };
    if (kind === 'settings' && isSettingName(first)) return { kind: 'setting', name: first };
  }
  return { kind: 'unknown', problem: expectedText(kind) };
}

function isSettingName(name: string): name is SettingName {
  return (settingNames as readonly string[]).includes(name);
}

function expectedText(kind: string | undefined): string {
  if (kind === 'settings')
    return `is no setting; there are ${settingNames.map((name) => `settings/${name}`).join(', ')}`;
  return 'is no key of Weir; expected services/NAME, backends/SERVICE/NAME, node-states/NAME or settings/NAME';
}
