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
 * The addresses that Services are to have. Those that they have stay, wherever they may, and until there is another that they
 * wish for instead; what is missing comes from the pools in their order, lowest address first.
 * @param foreign  addresses that Services can't have, and who has them
 */
export function planAddresses(
  services: readonly LoadBalancerService[],
  pools: readonly AddressPool[],
  foreign: ReadonlyMap<string, string>,
): AddressPlan {
  let round = planRound(services, pools, foreign);
  // Somebody may wait for what is free now. It ends: who has what it wishes for stays there.
  while (round.isAnyReleased) round = planRound(round.services, pools, foreign);
  const before = new Map(services.map((service) => [service.key, service]));
  const changes = round.services.flatMap(({ key, ingress }): AddressChange[] => {
    const service = before.get(key);
    return service === undefined || ingress.join() === service.ingress.join() ? [] : [{ service, addresses: ingress }];
  });
  return { changes, problems: round.problems };
}

interface PlanRound {
  /** By seniority, as they are to be. */
  readonly services: readonly LoadBalancerService[];
  readonly problems: readonly ServiceProblem[];
  /** Some Service has another address than before. */
  readonly isAnyReleased: boolean;
}

function planRound(
  services: readonly LoadBalancerService[],
  pools: readonly AddressPool[],
  foreign: ReadonlyMap<string, string>,
): PlanRound {
  const { addresses } = grantedAddresses(services, pools, foreign);
  const planner = new Planner(pools, new Holdings(foreign));
  const ordered = services
    .toSorted(bySeniority)
    .map((service) => ({ service, wishes: readAnnotations(service).wishes, held: addresses.get(service.key) ?? [] }));
  // What is held is kept before anything is given away.
  for (const { service, held } of ordered) planner.keep(service, held);
  return {
    services: ordered.map(({ service, wishes, held }) => ({
      ...service,
      ingress: planner.complete(service, wishes, held),
    })),
    problems: planner.problems,
    isAnyReleased: planner.isAnyReleased,
  };
}

class Planner {
  readonly problems: ServiceProblem[] = [];
  isAnyReleased = false;
  readonly #pools: readonly AddressPool[];
  readonly #holdings: Holdings;

  constructor(pools: readonly AddressPool[], holdings: Holdings) {
    this.#pools = pools;
    this.#holdings = holdings;
  }

  keep(service: LoadBalancerService, held: readonly string[]): void {
    for (const address of held) this.#holdings.take(address, holderOf(service));
  }

  /** What it holds, with an address for each family that has none, or not the one that is wished for. */
  complete(service: LoadBalancerService, wishes: ServiceWishes, held: readonly string[]): readonly string[] {
    const holder = holderOf(service);
    this.#tellUnusable(service, wishes);
    const isAnyUsable = wishes.addresses.some((address) => service.families.includes(familyOf(address)));
    return service.families.flatMap((family) => {
      const own = held.find((address) => familyOf(address) === family);
      const wished = wishes.addresses.filter((address) => familyOf(address) === family);
      if (own !== undefined && this.#isWished(own, wished, wishes)) return [own];
      // Who asks for nothing but other families gets none: it would be a surprise.
      const isMeant = wishes.addresses.length === 0 || isAnyUsable;
      const found =
        wished.length > 0
          ? this.#firstUsable(wished, holder)
          : isMeant
            ? this.#fromPools(family, wishes, holder)
            : undefined;
      if (found === undefined) return own === undefined ? [] : [own];
      if (own !== undefined) {
        this.#holdings.release(own, holder.key);
        this.isAnyReleased = true;
      }
      this.#holdings.take(found, holder);
      return [found];
    });
  }

  /** @param wished  addresses of its family */
  #isWished(address: string, wished: readonly string[], { pool }: ServiceWishes): boolean {
    if (wished.length > 0) return wished.includes(address);
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

  #fromPools(family: IpFamily, { pool }: ServiceWishes, holder: AddressHolder): string | undefined {
    const { sharedVip } = holder;
    // That is told already.
    if (pool !== undefined && !this.#pools.some(({ name }) => name === pool)) return undefined;
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
