import { z } from 'zod';
import { ipAddress } from '../ip-address-schema.js';

/** An API server writes empty lists as null, or leaves them out. */
function list<T extends z.ZodType>(entry: T) {
  return z
    .array(entry)
    .nullish()
    .transform((entries) => entries ?? []);
}

const portName = z
  .string()
  .nullish()
  .transform((name) => name ?? '');

const protocol = z.enum(['TCP', 'UDP', 'SCTP']).default('TCP');

/** Dates are text in what is watched, and objects in what the client listed. */
const time = z.coerce.date().transform((date) => date.toISOString());

const servicePort = z.object({ name: portName, protocol, port: z.int() });

/** The fields of a v1 Service that matter here. */
const service = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: time,
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    type: z.string().optional(),
    loadBalancerClass: z.string().nullish(),
    ports: list(servicePort),
    ipFamilies: list(z.enum(['IPv4', 'IPv6'])),
    loadBalancerIP: z.string().nullish(),
    loadBalancerSourceRanges: list(z.string()),
    sessionAffinity: z.string().nullish(),
    sessionAffinityConfig: z.object({ clientIP: z.object({ timeoutSeconds: z.int().nullish() }).nullish() }).nullish(),
  }),
  status: z
    .object({ loadBalancer: z.object({ ingress: list(z.object({ ip: z.string().nullish() })) }).nullish() })
    .nullish(),
});

export type IpFamily = 'IPv4' | 'IPv6';

/** A port that a Service listens to. */
export type ServicePort = z.output<typeof servicePort>;

/** A Service of type LoadBalancer, as the API server has it. */
export interface LoadBalancerService {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly families: readonly IpFamily[];
  /** `spec.loadBalancerIP`, as it is written. */
  readonly wishedAddress: string | undefined;
  readonly sourceRanges: readonly string[];
  /** Absent: flows of one client may go to several endpoints. */
  readonly affinitySeconds: number | undefined;
  /** Of `status`, canonical where they are addresses. */
  readonly ingress: readonly string[];
}

/** What Kubernetes takes where a Service with affinity names no time. */
const AFFINITY_SECONDS = 10_800;

/**
 * Reads a Service.
 * @param object  from the API server: a stranger's
 * @returns undefined: it is not one of this class, or none at all
 */
export function loadBalancerService(object: unknown, loadBalancerClass: string): LoadBalancerService | undefined {
  const { data } = service.safeParse(object);
  if (data === undefined) return undefined;
  const { metadata, spec, status } = data;
  if (spec.type !== 'LoadBalancer' || spec.loadBalancerClass !== loadBalancerClass) return undefined;
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid,
    resourceVersion,
    created: metadata.creationTimestamp,
    annotations: metadata.annotations ?? {},
    ports: spec.ports,
    families: spec.ipFamilies.length > 0 ? spec.ipFamilies : ['IPv4'],
    wishedAddress: spec.loadBalancerIP ?? undefined,
    sourceRanges: spec.loadBalancerSourceRanges,
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS)
        : undefined,
    ingress: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [canonicalAddress(ip)] : [])),
  };
}

/** Those that have been there longest first: in a quarrel they stay. The same order on every node. */
export function bySeniority(a: LoadBalancerService, b: LoadBalancerService): number {
  if (a.created !== b.created) return a.created < b.created ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

/** The same address is the same text; what is none stays as it is. */
export function canonicalAddress(text: string): string {
  return ipAddress.safeParse(text).data ?? text;
}
