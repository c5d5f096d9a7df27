import type { z } from 'zod';
import { definedOf } from '../plain-values.js';
import { type AddressRange, parseAddressRange } from './address-range.js';
import type { kubernetes } from './kubernetes-schema.js';

/** Addresses that may be assigned to Services. */
export interface AddressPool {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  /** Services that ask for nothing get addresses of it. */
  readonly autoAssign: boolean;
}

type KubernetesDocument = z.output<typeof kubernetes>;

/** The section `kubernetes`: Services of type LoadBalancer are served. */
export interface KubernetesConfig {
  /** Absolute path. Absent: the service account of the pod. */
  readonly kubeconfig?: string;
  /** Absent: the current one of the kubeconfig. */
  readonly context?: string;
  readonly loadBalancerClass: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** In the order in which they are tried. */
  readonly pools: readonly AddressPool[];
  readonly defaults: Partial<KubernetesDocument['defaults']> & Pick<KubernetesDocument['defaults'], 'method'>;
  readonly lease: {
    readonly name: string;
    /** Absent: that of the account, or of the context. */
    readonly namespace?: string;
    readonly durationMs: number;
  };
  /** Where the last good state is kept; absolute path of a file. */
  readonly snapshotFile: string;
}

export function kubernetesConfigOf(document: KubernetesDocument): KubernetesConfig {
  const { kubeconfig, context, loadBalancerClass, namespaces, pools, defaults, lease, snapshotFile } = document;
  return {
    ...definedOf({ kubeconfig, context }),
    loadBalancerClass,
    namespaces,
    pools: pools.map(({ name, addresses, autoAssign }) => ({
      name,
      autoAssign,
      ranges: addresses.map(parseAddressRange),
    })),
    defaults: { ...definedOf(defaults), method: defaults.method },
    lease: { name: lease.name, ...definedOf({ namespace: lease.namespace }), durationMs: lease.duration },
    snapshotFile,
  };
}
