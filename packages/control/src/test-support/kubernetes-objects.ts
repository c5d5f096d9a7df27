/** An object of Kubernetes, as far as a store cares. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubernetesMetadata;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

export interface KubernetesMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ServiceSettings {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: unknown;
  readonly created?: string;
  /** Over those of a Service on TCP port 80 of class weir.io/weir. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A v1 Service of type LoadBalancer. */
export function serviceObject(name: string, settings: ServiceSettings = {}): KubernetesObject {
  const { namespace = 'shop', annotations, spec, status = { loadBalancer: {} }, created } = settings;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      ...(annotations === undefined ? {} : { annotations }),
      ...(created === undefined ? {} : { creationTimestamp: created }),
    },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'weir.io/weir',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      sessionAffinity: 'None',
      ...spec,
    },
    status,
  };
}

/** What one pod is: ready, or ending, or not serving. */
export type PodState = 'ready' | 'terminating' | 'down';

interface SliceSettings {
  readonly namespace?: string;
  /** By address. */
  readonly pods: Readonly<Record<string, PodState>>;
  readonly port?: number;
  readonly portName?: string;
  readonly family?: 'IPv4' | 'IPv6';
  /** Where a Service has several slices of a family. */
  readonly suffix?: string;
}

/** A discovery.k8s.io/v1 EndpointSlice of a Service. */
export function sliceObject(service: string, settings: SliceSettings): KubernetesObject {
  const { namespace = 'shop', pods, port = 8080, portName = 'http', family = 'IPv4', suffix = 'a' } = settings;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-${family.toLowerCase()}-${suffix}`,
      namespace,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: family,
    endpoints: Object.entries(pods).map(([address, state]) => ({
      addresses: [address],
      conditions: conditionsOf(state),
    })),
    ports: [{ name: portName, port, protocol: 'TCP' }],
  };
}

function conditionsOf(state: PodState): object {
  return { ready: state === 'ready', serving: state !== 'down', terminating: state === 'terminating' };
}
