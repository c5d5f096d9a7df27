import {
  type ApplyServiceResponse,
  type FieldChange,
  type Service,
  type ServiceSpec,
  ServicesService,
  serviceSpecOf,
} from '@weir/admin-api';
import type { ServiceInput } from '@weir/control';
import type { AdminClient } from '../client/admin-client.js';
import { allPages } from '../client/all-pages.js';
import { WeirctlError } from '../weirctl-error.js';

/** What it takes to make a service what it should be. */
export interface ServicePlan {
  readonly service: ServiceInput;
  /** What it is now; `0`: it is not there. */
  readonly revision: string;
  /** What the node says to it; `later`: nothing yet, since it takes over a VIP that another service gives up. */
  readonly trial: { readonly kind: 'tried'; readonly changes: readonly FieldChange[] } | { readonly kind: 'later' };
}

/** What is asked of a node. */
interface Wish {
  readonly wanted: readonly ServiceInput[];
  readonly current: readonly Service[];
  /** Those of the current ones that are to go. */
  readonly extra: readonly Service[];
  readonly save: boolean;
}

const PAGE_SIZE = 1000;

/**
 * Asks the node about all, and changes none.
 * @throws {WeirctlError} what the node answers to a service that it would refuse
 */
export async function planned(client: AdminClient, wish: Wish): Promise<readonly ServicePlan[]> {
  const current = new Map(wish.current.map((service) => [service.spec?.name, service]));
  const freed = freedVips(wish);
  const plans: ServicePlan[] = [];
  for (const service of wish.wanted) {
    const revision = current.get(service.name)?.revision ?? '0';
    const takesOver = serviceSpecOf(service).listeners.some(({ vip }) => freed.has(vip));
    plans.push({ service, revision, trial: await tried(client, service, { revision, save: wish.save, takesOver }) });
  }
  return plans;
}

interface Trial {
  readonly revision: string;
  readonly save: boolean;
  readonly takesOver: boolean;
}

async function tried(
  client: AdminClient,
  service: ServiceInput,
  { revision, save, takesOver }: Trial,
): Promise<ServicePlan['trial']> {
  try {
    const { changes } = await applyRequest(client, service, { revision, dryRun: true, save });
    return { kind: 'tried', changes };
  } catch (error) {
    if (takesOver && error instanceof WeirctlError && isOfPlace(error)) return { kind: 'later' };
    throw error;
  }
}

/** All that the node refuses is where the service listens; `service` alone: something of another service beside it. */
function isOfPlace({ code, details: { fields } }: WeirctlError): boolean {
  if (code !== 'REQUEST_INVALID' || !Array.isArray(fields) || fields.length === 0) return false;
  return fields.every((field) => /^service(\.(listeners\[\d+\]\.)?(vip|port))?$/.test(String(field)));
}

/** VIPs that a service has now with a protocol or port that it will not have. */
function freedVips({ wanted, current, extra }: Wish): ReadonlySet<string> {
  const specs = new Map(wanted.map((service) => [service.name, serviceSpecOf(service)]));
  const kept = current.filter((service) => !extra.includes(service)).flatMap(({ spec }) => (spec ? [spec] : []));
  const lost = kept.flatMap((spec) => {
    const wish = specs.get(spec.name);
    if (wish === undefined) return [];
    const keeps = new Set(wish.listeners.map(listenerKey));
    return spec.listeners.filter((listener) => !keeps.has(listenerKey(listener)));
  });
  return new Set([...extra.flatMap(({ spec }) => spec?.listeners ?? []), ...lost].map(({ vip }) => vip));
}

function listenerKey({ vip, protocol, port }: ServiceSpec['listeners'][number]): string {
  return `${vip} ${protocol ?? 'tcp'} ${port}`;
}

/** @throws {WeirctlError} what the node answers instead */
export function applyRequest(
  client: AdminClient,
  service: ServiceInput,
  { revision, dryRun, save }: { readonly revision: string; readonly dryRun: boolean; readonly save: boolean },
): Promise<ApplyServiceResponse> {
  return client.call(ServicesService.applyService, {
    service: serviceSpecOf(service),
    updateMask: undefined,
    expectedRevision: revision,
    dryRun,
    save,
  });
}

export function allServices(client: AdminClient): Promise<Service[]> {
  return allPages(
    (pageToken) => client.call(ServicesService.listServices, { pageSize: PAGE_SIZE, pageToken, vip: '' }),
    (page) => page.services,
  );
}
