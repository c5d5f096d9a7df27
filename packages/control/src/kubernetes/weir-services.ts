import { isIPv6 } from 'node:net';
import { issuesText } from '../cluster/cluster-value.js';
import { translatesAddresses } from '../forwarding-needs.js';
import { namelessServiceSchema } from '../service-schema.js';
import type { EndpointSlice } from './endpoint-slice.js';
import { familyOf } from './granted-addresses.js';
import type { KubernetesConfig } from './kubernetes-config.js';
import { bySeniority, type LoadBalancerService, type ServicePort } from './load-balancer-service.js';
import { type ReadAnnotations, readAnnotations } from './service-annotations.js';
import { type ServiceBackend, serviceBackends } from './service-backends.js';
import type { ServiceProblem } from './service-problem.js';

/** One port of one address of a Service, as a service of Weir. */
export interface WeirService {
  /** `services/NAME`, as in etcd. */
  readonly key: string;
  /** `NAMESPACE/NAME` of the Service. */
  readonly owner: string;
  readonly vip: string;
  /**
   * Value of the key. Where its author asks for what can't be, it has the options of what was good before, with the pods of
   * now. Absent: nothing was.
   */
  readonly text?: string;
}

export interface WeirServices {
  /** In the order of their keys. */
  readonly services: readonly WeirService[];
  readonly problems: readonly ServiceProblem[];
}

/**
 * What Services come to in Weir: a service for each port of each of their addresses.
 * @param addresses  by key of the Service
 * @param lastGood   by key of the service of Weir: texts that were in force before
 */
export function weirServices(
  services: readonly LoadBalancerService[],
  slices: Iterable<EndpointSlice>,
  addresses: ReadonlyMap<string, readonly string[]>,
  defaults: KubernetesConfig['defaults'],
  lastGood: ReadonlyMap<string, string>,
): WeirServices {
  const byService = slicesByService(slices);
  const problems: ServiceProblem[] = [];
  const found = services.toSorted(bySeniority).flatMap((service) => {
    const ofService = byService.get(service.key) ?? [];
    const composed = servicesOf(service, ofService, addresses.get(service.key) ?? [], defaults, lastGood);
    problems.push(...composed.problems);
    return composed.services;
  });
  return { services: found.sort((a, b) => (a.key < b.key ? -1 : 1)), problems };
}

function slicesByService(slices: Iterable<EndpointSlice>): ReadonlyMap<string, readonly EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const ofService = found.get(slice.service);
    if (ofService === undefined) found.set(slice.service, [slice]);
    else ofService.push(slice);
  }
  return found;
}

function servicesOf(
  service: LoadBalancerService,
  slices: readonly EndpointSlice[],
  addresses: readonly string[],
  defaults: KubernetesConfig['defaults'],
  lastGood: ReadonlyMap<string, string>,
): WeirServices {
  const limits = service.sourceRanges.filter((range) => range !== '0.0.0.0/0' && range !== '::/0');
  if (limits.length > 0) {
    const message = `spec.loadBalancerSourceRanges: ${limits.join(', ')} can't be kept to, so it is not served; leave it out, and use a NetworkPolicy, or guard in weir.yaml`;
    return { services: [], problems: [{ service: service.key, reason: 'NotSupported', message }] };
  }
  const annotations = readAnnotations(service);
  const problems = annotations.problems.map(
    (message): ServiceProblem => ({ service: service.key, reason: 'InvalidAnnotation', message }),
  );
  const services = addresses.flatMap((vip) =>
    service.ports.map((port): WeirService => {
      const place = { key: serviceKey(service, port, vip), owner: service.key, vip };
      const backends = serviceBackends(slices, port, familyOf(vip));
      const asBefore = () => ({ ...place, ...textAsBefore(lastGood.get(place.key), port, vip, backends) });
      if (annotations.problems.length > 0) return asBefore();
      const options = optionsOf(service, port, annotations, defaults);
      const value = serviceValue(port, vip, options, backends);
      const problem = portProblem(options.method, port, backends) ?? valueProblem(value);
      if (problem === undefined) return { ...place, text: JSON.stringify(value) };
      problems.push({ service: service.key, ...problem });
      return asBefore();
    }),
  );
  return { services, problems: distinct(problems) };
}

type ServiceOptions = Readonly<Record<string, unknown>> & Pick<KubernetesConfig['defaults'], 'method'>;
type OwnProblem = Omit<ServiceProblem, 'service'>;

/** What the Service says over what all of them have. */
function optionsOf(
  { affinitySeconds }: LoadBalancerService,
  { protocol }: ServicePort,
  { wishes }: ReadAnnotations,
  { toa, ...defaults }: KubernetesConfig['defaults'],
): ServiceOptions {
  const options = { ...defaults, ...wishes.options };
  const takesToa = options.method === 'fullnat' && protocol === 'TCP';
  return {
    ...(toa !== undefined && takesToa ? { toa } : {}),
    ...options,
    ...(affinitySeconds === undefined ? {} : { persistence: { timeout: `${affinitySeconds}s` } }),
  };
}

function serviceValue(
  port: ServicePort,
  vip: string,
  options: ServiceOptions,
  backends: readonly ServiceBackend[],
): object {
  return {
    vip,
    protocol: port.protocol.toLowerCase(),
    port: port.port,
    ...options,
    backends: translatesAddresses(options.method) ? backends : backends.map(({ port: _, ...backend }) => backend),
  };
}

/**
 * The options of what was good before, for the pods of now: packets must not go to pods that are gone, or to who has their
 * addresses since. Pods that its method can't reach are left out.
 */
function textAsBefore(
  before: string | undefined,
  port: ServicePort,
  vip: string,
  backends: readonly ServiceBackend[],
): Pick<WeirService, 'text'> {
  if (before === undefined) return {};
  const { backends: _, ...options } = JSON.parse(before) as ServiceOptions & { readonly vip?: unknown };
  if (options.vip !== vip) return {};
  const reached = backends.filter((backend) => portProblem(options.method, port, [backend]) === undefined);
  const value = serviceValue(port, vip, options, reached);
  return valueProblem(value) === undefined ? { text: JSON.stringify(value) } : {};
}

function portProblem(
  method: ServiceOptions['method'],
  { port }: ServicePort,
  backends: readonly ServiceBackend[],
): OwnProblem | undefined {
  const other = backends.find((backend) => backend.port !== port);
  if (translatesAddresses(method) || other === undefined) return undefined;
  const message = `method ${method} leaves ports as they are: port ${port} can't reach targetPort ${other.port} of ${other.address}; make them equal, or use fullnat`;
  return { reason: 'NotSupported', message };
}

/** What is wrong with a value can only come from annotations: the rest is what an API server has checked. */
function valueProblem(value: object): OwnProblem | undefined {
  const { error } = namelessServiceSchema.safeParse(value);
  if (error === undefined) return undefined;
  return {
    reason: 'InvalidAnnotation',
    message: `annotations weir.io/...: ${issuesText(error, value, namelessServiceSchema)}`,
  };
}

/** Key of the service of Weir; the same whatever else the Service has. */
function serviceKey({ namespace, name }: LoadBalancerService, { protocol, port }: ServicePort, vip: string): string {
  return `services/${namespace}:${name}:${protocol.toLowerCase()}:${port}${isIPv6(vip) ? ':v6' : ''}`;
}

/** Ports and families share annotations, and what is wrong with them. */
function distinct(problems: readonly ServiceProblem[]): readonly ServiceProblem[] {
  return [...new Map(problems.map((problem) => [`${problem.reason} ${problem.message}`, problem])).values()];
}
