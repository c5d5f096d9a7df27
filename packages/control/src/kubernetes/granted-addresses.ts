import { isIpv6 } from '../ip-address-schema.js';
import { isInRange } from './address-range.js';
import type { AddressPool } from './kubernetes-config.js';
import { bySeniority, type IpFamily, type LoadBalancerService, type ServicePort } from './load-balancer-service.js';
import { readAnnotations } from './service-annotations.js';
import type { ServiceProblem } from './service-problem.js';

/** A Service that has an address. */
export interface AddressHolder {
  readonly key: string;
  readonly ports: readonly ServicePort[];
  /** Holders that have the same may share; never over namespaces. */
  readonly sharedVip: string | undefined;
}

/** Which Services have which addresses. */
export class Holdings {
  readonly #holders = new Map<string, AddressHolder[]>();
  readonly #foreign: ReadonlyMap<string, string>;

  /** @param foreign  addresses that Services can't have, and who has them */
  constructor(foreign: ReadonlyMap<string, string>) {
    this.#foreign = foreign;
  }

  /** Why a Service can't have an address. Undefined: it can. */
  refusal(address: string, holder: AddressHolder): string | undefined {
    const foreign = this.#foreign.get(address);
    if (foreign !== undefined) return `it is that of ${foreign}`;
    for (const other of this.holders(address)) {
      if (other.key === holder.key) continue;
      if (holder.sharedVip === undefined || other.sharedVip !== holder.sharedVip) {
        return `Service ${other.key} has it; both need the same annotation weir.io/shared-vip, in one namespace, to share it`;
      }
      const port = holder.ports.find((own) =>
        other.ports.some((at) => at.port === own.port && at.protocol === own.protocol),
      );
      if (port !== undefined) return `Service ${other.key} has port ${port.port}/${port.protocol} of it`;
    }
    return undefined;
  }

  holders(address: string): readonly AddressHolder[] {
    return this.#holders.get(address) ?? [];
  }

  /** Addresses whose holders share. */
  *sharedBy(sharedVip: string): Iterable<string> {
    for (const [address, holders] of this.#holders) {
      if (holders.some((holder) => holder.sharedVip === sharedVip)) yield address;
    }
  }

  take(address: string, holder: AddressHolder): void {
    this.#holders.set(address, [...this.holders(address), holder]);
  }

  /** @param key  of the holder */
  release(address: string, key: string): void {
    const others = this.holders(address).filter((holder) => holder.key !== key);
    if (others.length > 0) this.#holders.set(address, others);
    else this.#holders.delete(address);
  }
}

export interface GrantedAddresses {
  /** By key of the Service, in the order of its families; one a family at most. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly ServiceProblem[];
}

/**
 * The addresses that Services have by their status, as far as they are theirs: of a pool, of a family of the Service, and
 * nobody else's. Where two have one address, the older one has it. Says the same on every node.
 * @param foreign  addresses that Services can't have, and who has them
 */
export function grantedAddresses(
  services: readonly LoadBalancerService[],
  pools: readonly AddressPool[],
  foreign: ReadonlyMap<string, string>,
): GrantedAddresses {
  const holdings = new Holdings(foreign);
  const addresses = new Map<string, readonly string[]>();
  const problems: ServiceProblem[] = [];
  for (const service of services.toSorted(bySeniority)) {
    const holder = holderOf(service);
    const granted = service.families.flatMap((family) => {
      const address = service.ingress.find(
        (candidate) => familyOf(candidate) === family && poolOf(candidate, pools) !== undefined,
      );
      if (address === undefined) return [];
      const refusal = holdings.refusal(address, holder);
      if (refusal === undefined) return [address];
      problems.push({
        service: service.key,
        reason: 'AddressConflict',
        message: `${address} is not served for it: ${refusal}`,
      });
      return [];
    });
    for (const address of granted) holdings.take(address, holder);
    addresses.set(service.key, granted);
  }
  return { addresses, problems };
}

export function holderOf(service: LoadBalancerService): AddressHolder {
  const { sharedVip } = readAnnotations(service).wishes;
  // Who may write in one namespace is not to take ports of addresses of another.
  const shared = sharedVip === undefined ? undefined : `${service.namespace}/${sharedVip}`;
  return { key: service.key, ports: service.ports, sharedVip: shared };
}

export function familyOf(address: string): IpFamily {
  return isIpv6(address) ? 'IPv6' : 'IPv4';
}

/** The pool that has an address. */
export function poolOf(address: string, pools: readonly AddressPool[]): AddressPool | undefined {
  return pools.find(({ ranges }) => ranges.some((range) => isAddressInRange(range, address)));
}

function isAddressInRange(range: AddressPool['ranges'][number], address: string): boolean {
  try {
    return isInRange(range, address);
  } catch {
    // A status may hold any text.
    return false;
  }
}
