import type { EntryCache } from '../cluster/entry-cache.js';
import { type MergedCluster, mergeCluster } from '../cluster/merge-cluster.js';
import type { NodeDocument } from '../node-schema.js';
import type { EndpointSlice } from './endpoint-slice.js';
import { grantedAddresses } from './granted-addresses.js';
import type { KubernetesConfig } from './kubernetes-config.js';
import type { LoadBalancerService } from './load-balancer-service.js';
import type { ServiceProblem } from './service-problem.js';
import { weirServices } from './weir-services.js';

/** Services of a cluster as keys of Weir. */
export interface KubernetesKeys {
  /** In their order; as those of etcd. */
  readonly keys: ReadonlyMap<string, string>;
  /** Of what was in force, what may stand in for a key that is bad. */
  readonly lastGood: ReadonlyMap<string, string>;
  /** `NAMESPACE/NAME` of the Service, by key. */
  readonly owners: ReadonlyMap<string, string>;
  readonly problems: readonly ServiceProblem[];
}

/**
 * What the Services of a cluster come to. Where an annotation is bad, the options that were good before stay, as long as the
 * Service has the address; its pods are those of now.
 * @param foreign   addresses that Services can't have, and who has them
 * @param lastGood  what was in force before
 */
export function kubernetesKeys(
  {
    services,
    slices,
  }: { readonly services: readonly LoadBalancerService[]; readonly slices: readonly EndpointSlice[] },
  { pools, defaults }: Pick<KubernetesConfig, 'pools' | 'defaults'>,
  foreign: ReadonlyMap<string, string>,
  lastGood: ReadonlyMap<string, string>,
): KubernetesKeys {
  const granted = grantedAddresses(services, pools, foreign);
  const found = weirServices(services, slices, granted.addresses, defaults, lastGood);
  const good = new Map(
    found.services.flatMap(({ key, vip }): [string, string][] => {
      const text = lastGood.get(key);
      return text !== undefined && vipOf(text) === vip ? [[key, text]] : [];
    }),
  );
  return {
    keys: new Map(
      found.services.flatMap(({ key, text }): [string, string][] => (text === undefined ? [] : [[key, text]])),
    ),
    lastGood: good,
    owners: new Map(found.services.map(({ key, owner }) => [key, owner])),
    problems: [...granted.problems, ...found.problems],
  };
}

/** The keys beside the rest of the configuration, which stands over them. */
export function mergeKubernetes(
  document: NodeDocument,
  { keys, lastGood, owners }: KubernetesKeys,
  cache: EntryCache,
): MergedCluster & { readonly problems: readonly ServiceProblem[] } {
  const merged = mergeCluster(document, keys, lastGood, cache);
  const problems = [...merged.skipped].map(
    ([key, message]): ServiceProblem => ({
      service: owners.get(key) ?? key,
      reason: 'NotServed',
      message: `${key.replace('services/', '')}: ${message}`,
    }),
  );
  return { ...merged, problems };
}

function vipOf(text: string): unknown {
  return (JSON.parse(text) as { readonly vip?: unknown }).vip;
}
