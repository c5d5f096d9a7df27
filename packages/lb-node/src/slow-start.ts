import type { ServiceConfig } from '@weir/control';
import type { WeightedMember } from '@weir/director';
import { memberId } from './member-id.js';

/** How often growing weights are looked at again. */
export const SLOW_START_STEP_MS = 1_000;
/** Parts that a weight grows in: a weight of 1 has to grow too. */
const PARTS = 100;
/** Largest weight of a member. */
const WEIGHT_MAX = 65_535;

/**
 * Lets the weight of a new backend grow to its full size over the service's `slowStart`. New is one that comes to a
 * service that was there before, or gets a weight where it had none; what a node finds at its start is not.
 */
export class SlowStart {
  /** By service name: since when each member with a weight has it. */
  #since = new Map<string, ReadonlyMap<string, number>>();

  /** The members of each service with the weights that they have at `nowMs`, any clock's that only goes forward. */
  weigh(services: readonly ServiceConfig[], nowMs: number): readonly WeighedService[] {
    const since = new Map<string, ReadonlyMap<string, number>>();
    const weighed = services.map((service) => {
      const times = this.#timesOf(service, nowMs);
      since.set(service.name, times);
      return weighService(service, times, nowMs);
    });
    this.#since = since;
    return weighed;
  }

  #timesOf(service: ServiceConfig, nowMs: number): ReadonlyMap<string, number> {
    const before = this.#since.get(service.name);
    const firstSeen = before === undefined ? Number.NEGATIVE_INFINITY : nowMs;
    const serving = service.backends.filter(({ weight }) => weight > 0).map(memberId);
    return new Map(serving.map((id) => [id, before?.get(id) ?? firstSeen]));
  }
}

/** Members in the order of the service's backends. */
export interface WeighedService {
  readonly members: readonly WeightedMember[];
  /** Some weight still grows. */
  readonly isGrowing: boolean;
}

function weighService(
  { backends, slowStartMs, scheduler }: ServiceConfig,
  since: ReadonlyMap<string, number>,
  nowMs: number,
): WeighedService {
  const ageOf = (id: string) => nowMs - (since.get(id) ?? Number.NEGATIVE_INFINITY);
  const isGrowing = backends.some((backend) => ageOf(memberId(backend)) < slowStartMs);
  const scale = isGrowing ? scaleOf(scheduler, Math.max(...backends.map(({ weight }) => weight))) : 1;
  const members = backends.map((backend) => {
    const id = memberId(backend);
    const share = slowStartMs === 0 ? 1 : Math.min(1, ageOf(id) / slowStartMs);
    const whole = backend.weight * scale;
    // At least 1: a service whose backends are all new serves all the same.
    return { id, weight: whole === 0 ? 0 : Math.max(1, Math.ceil(whole * share)) };
  });
  return { members, isGrowing };
}

/** Only the ratio of weights counts, but for the schedulers by locality, which compare them with connections. */
function scaleOf(scheduler: ServiceConfig['scheduler'], heaviest: number): number {
  if (scheduler === 'lblc' || scheduler === 'lblcr') return 1;
  return Math.max(1, Math.min(PARTS, Math.floor(WEIGHT_MAX / heaviest)));
}
