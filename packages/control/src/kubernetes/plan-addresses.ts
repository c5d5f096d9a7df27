import { firstFree } from './address-range.js';
import { type AddressHolder, familyOf, grantedAddresses, Holdings, holderOf, poolOf } from './granted-addresses.js';
import type { AddressPool } from './kubernetes-config.js';
import { bySeniority, type IpFamily, type LoadBalancerService } from './load-balancer-service.js';
import { readAnnotations, type ServiceWishes } from './service-annotations.js';
import type { ProblemReason, ServiceProblem } from './service-problem.js';

/** A status that is to be written. */
export interface AddressChange {
  readonly service: LoadBalancerService;
  /** One a family at most; empty: it loses what it has. */
  readonly addresses: readonly string[];
}

export interface AddressPlan {
  readonly changes: readonly AddressChange[];
  readonly problems: readonly ServiceProblem[];
}

/** So many addresses of one range are asked about at most: an IPv6 network has too many for a loop. */
const TRIES_MAX = 65_536;

/**
 * The addresses that Services are to have. Those that they have stay, wherever they may; what is missing comes from the
 * pools in their order, lowest address first.
 * @param foreign  addresses that Services can't have, and who has them
 */
export function planAddresses(
  services: readonly LoadBalancerService[],
  pools: readonly AddressPool[],
  foreign: ReadonlyMap<string, string>,
): AddressPlan {
  const { addresses: granted } = grantedAddresses(services, pools, foreign);
  const planner = new Planner(pools, new Holdings(foreign));
  const ordered = services
    .toSorted(bySeniority)
    .map((service) => ({ service, wishes: readAnnotations(service).wishes }));
  // What is kept is kept before anything is given away.
  const kept = ordered.map(({ service, wishes }) => planner.keep(service, wishes, granted.get(service.key) ?? []));
  const wanted = ordered.map(({ service, wishes }, at) => ({
    service,
    addresses: planner.complete(service, wishes, kept[at] ?? []),
  }));
  return {
    changes: wanted.filter(({ service, addresses }) => addresses.join() !== service.ingress.join()),
    problems: planner.problems,
  };
}

class Planner {
  readonly problems: ServiceProblem[] = [];
  readonly #pools: readonly AddressPool[];
  readonly #holdings: Holdings;

  constructor(pools: readonly AddressPool[], holdings: Holdings) {
    this.#pools = pools;
    this.#holdings = holdings;
  }

  /** Of the addresses that a Service has those that it may keep. */
  keep(service: LoadBalancerService, wishes: ServiceWishes, granted: readonly string[]): readonly string[] {
    const holder = holderOf(service);
    const kept = granted.filter((address) => this.#isWished(address, wishes));
    for (const address of kept) this.#holdings.take(address, holder);
    return kept;
  }

  /** The same with an address for each family that has none. */
  complete(service: LoadBalancerService, wishes: ServiceWishes, kept: readonly string[]): readonly string[] {
    const holder = holderOf(service);
    this.#tellUnusable(service, wishes);
    return service.families.flatMap((family) => {
      const own = kept.find((address) => familyOf(address) === family);
      if (own !== undefined) return [own];
      const wished = wishes.addresses.filter((address) => familyOf(address) === family);
      const found =
        wishes.addresses.length > 0 ? this.#firstUsable(wished, holder) : this.#fromPools(family, wishes, holder);
      if (found === undefined) return [];
      this.#holdings.take(found, holder);
      return [found];
    });
  }

  #isWished(address: string, { addresses, pool }: ServiceWishes): boolean {
    if (addresses.length > 0) return addresses.includes(address);
    return pool === undefined || poolOf(address, this.#pools)?.name === pool;
  }

  /** Wishes that nothing can fulfil, whatever is free. */
  #tellUnusable(service: LoadBalancerService, { addresses, pool }: ServiceWishes): void {
    for (const address of addresses) {
      if (service.families.includes(familyOf(address))) continue;
      const families = service.families.join(', ');
      this.#tell(
        service.key,
        'AddressNotAvailable',
        `${address} is asked for, and is of no family of the Service; spec.ipFamilies has ${families}`,
      );
    }
    if (pool === undefined || this.#pools.some(({ name }) => name === pool)) return;
    const names = this.#pools.map(({ name }) => name).join(', ');
    this.#tell(
      service.key,
      'AddressNotAvailable',
      `annotation weir.io/pool: ${JSON.stringify(pool)} is no pool; there are ${names}`,
    );
  }

  #firstUsable(wished: readonly string[], holder: AddressHolder): string | undefined {
    for (const address of wished) {
      if (poolOf(address, this.#pools) === undefined) {
        const names = this.#pools.map(({ name }) => name).join(', ');
        this.#tell(
          holder.key,
          'AddressNotAvailable',
          `${address} is asked for, and is in none of the pools (${names})`,
        );
        continue;
      }
      const refusal = this.#holdings.refusal(address, holder);
      if (refusal === undefined) return address;
      this.#tell(holder.key, 'AddressNotAvailable', `${address} is asked for, but ${refusal}`);
    }
    return undefined;
  }

  #fromPools(family: IpFamily, { pool, sharedVip }: ServiceWishes, holder: AddressHolder): string | undefined {
    const isFree = (address: string) =>
      this.#holdings.holders(address).length === 0 && this.#holdings.refusal(address, holder) === undefined;
    const pools = this.#pools.filter(({ name, autoAssign }) => (pool === undefined ? autoAssign : name === pool));
    for (const address of sharedVip === undefined ? [] : this.#holdings.sharedBy(sharedVip)) {
      const isOfPools = pools.includes(poolOf(address, this.#pools) as AddressPool);
      if (familyOf(address) === family && isOfPools && this.#holdings.refusal(address, holder) === undefined)
        return address;
    }
    const ranges = pools.flatMap((one) => one.ranges).filter(({ isIpv6 }) => isIpv6 === (family === 'IPv6'));
    for (const range of ranges) {
      const found = firstFree(range, isFree, TRIES_MAX);
      if (found !== undefined) return found;
    }
    this.#tell(holder.key, 'PoolExhausted', exhaustedText(family, pools, ranges.length > 0));
    return undefined;
  }

  #tell(service: string, reason: ProblemReason, message: string): void {
    this.problems.push({ service, reason, message });
  }
}

function exhaustedText(family: IpFamily, pools: readonly AddressPool[], isAny: boolean): string {
  const names = pools.map(({ name }) => name).join(', ');
  if (pools.length === 0)
    return `there is no ${family} address: no pool that fits has autoAssign; ask for a pool with weir.io/pool`;
  return isAny
    ? `no ${family} address is free in ${names}; give the pool more addresses in weir.yaml, or delete a Service`
    : `there is no ${family} address in ${names}; give a pool one in weir.yaml, or leave ${family} out of spec.ipFamilies`;
}
