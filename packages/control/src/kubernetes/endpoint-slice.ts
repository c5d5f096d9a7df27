import { z } from 'zod';
import { ipAddress } from '../ip-address-schema.js';

const maybe = z.boolean().nullish();

/** The fields of a discovery.k8s.io/v1 EndpointSlice that matter here. */
const slice = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).nullish(),
  }),
  addressType: z.string(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()).nullish(),
        conditions: z.object({ ready: maybe, serving: maybe, terminating: maybe }).nullish(),
      }),
    )
    .nullish(),
  ports: z
    .array(
      z.object({
        name: z.string().nullish(),
        port: z.int().nullish(),
        protocol: z.string().nullish(),
      }),
    )
    .nullish(),
});

/** A pod, as far as a load balancer cares. */
export interface SliceEndpoint {
  /** Canonical. */
  readonly address: string;
  /** `draining`: it ends, and serves the connections that it has. */
  readonly state: 'active' | 'draining';
}

/** Endpoints of a Service, and where they listen. */
export interface EndpointSlice {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  /** `NAMESPACE/NAME` of its Service. */
  readonly service: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

/**
 * Reads an EndpointSlice. Endpoints that do not serve are left out.
 * @param object  from the API server: a stranger's
 * @returns undefined: it is of no Service, its endpoints have names instead of addresses, or it is none at all
 */
export function endpointSlice(object: unknown): EndpointSlice | undefined {
  const { data } = slice.safeParse(object);
  const service = data?.metadata.labels?.['kubernetes.io/service-name'];
  if (data === undefined || service === undefined) return undefined;
  const { metadata, addressType } = data;
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return undefined;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    service: `${metadata.namespace}/${service}`,
    family: addressType,
    endpoints: (data.endpoints ?? []).flatMap(({ addresses, conditions }) => {
      const state = stateOf(conditions ?? {});
      // All addresses of an endpoint are the same pod; consumers use the first (discovery.k8s.io/v1, Endpoint.addresses).
      const address = ipAddress.safeParse(addresses?.[0]).data;
      return state === undefined || address === undefined ? [] : [{ address, state }];
    }),
    ports: (data.ports ?? []).flatMap(({ name, port, protocol }) =>
      typeof port === 'number' ? [{ name: name ?? '', port, protocol: protocol ?? 'TCP' }] : [],
    ),
  };
}

/** What is unknown of a condition is to be taken as the API says (discovery.k8s.io/v1, EndpointConditions). */
function stateOf(conditions: {
  readonly ready?: boolean | null | undefined;
  readonly serving?: boolean | null | undefined;
  readonly terminating?: boolean | null | undefined;
}): SliceEndpoint['state'] | undefined {
  const ready = conditions.ready ?? true;
  if (ready) return 'active';
  const serving = conditions.serving ?? ready;
  return serving && conditions.terminating === true ? 'draining' : undefined;
}
