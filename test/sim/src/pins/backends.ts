import type { WeightedMember } from '@weir/director';
import type { Chance } from '../chance.js';

interface Backend {
  readonly id: string;
  readonly weight: number;
  /** Counts its lives: connections of an earlier one are gone. */
  readonly life: number;
  readonly state: 'serving' | 'draining' | 'dead';
}

/** Any change that operators and health checks make. */
export type Change = 'add' | 'drain' | 'restore' | 'remove' | 'die' | 'return' | 'weigh';
const changes: readonly Change[] = ['add', 'drain', 'restore', 'remove', 'die', 'return', 'weigh'];

/** The backends of a service, as they come and go. */
export class Backends {
  readonly #chance: Chance;
  readonly #backends = new Map<string, Backend>();
  #added = 0;

  constructor(chance: Chance, count: number) {
    this.#chance = chance;
    for (let i = 0; i < count; i++) this.#add(1);
  }

  /** Who can serve flows, each with the weight for new ones. */
  members(): WeightedMember[] {
    return [...this.#backends.values()]
      .filter(({ state }) => state !== 'dead')
      .map(({ id, weight, state }) => ({ id, weight: state === 'serving' ? weight : 0 }));
  }

  /** Which life of the backend this is; undefined: it is dead or removed. */
  lifeOf(id: string): number | undefined {
    const backend = this.#backends.get(id);
    return backend === undefined || backend.state === 'dead' ? undefined : backend.life;
  }

  /** @returns what was changed; undefined: there was no backend to which it could be done, or it was the last but one */
  change(change: Change = this.#chance.pick(changes) as Change): string | undefined {
    if (change === 'add') return `add ${this.#add(1 + this.#chance.below(3))}`;
    const backend = this.#chance.pick(this.#inState(stateBefore[change]));
    if (backend === undefined) return undefined;
    if (backend.state === 'serving' && change !== 'weigh' && this.#inState('serving').length <= 2) return undefined;
    if (change === 'remove') this.#backends.delete(backend.id);
    else this.#backends.set(backend.id, { ...backend, ...this.#after(change, backend) });
    return `${change} ${backend.id}`;
  }

  #after(change: Exclude<Change, 'add' | 'remove'>, { life, weight }: Backend): Partial<Backend> {
    switch (change) {
      case 'drain':
        return { state: 'draining' };
      case 'restore':
        return { state: 'serving' };
      case 'die':
        return { state: 'dead' };
      case 'return':
        return { state: 'serving', life: life + 1 };
      case 'weigh':
        return { weight: weight === 1 ? 2 + this.#chance.below(4) : 1 };
    }
  }

  #inState(state: Backend['state']): Backend[] {
    return [...this.#backends.values()].filter((backend) => backend.state === state);
  }

  #add(weight: number): string {
    const id = `10.0.${this.#added >> 8}.${this.#added & 255}`;
    this.#added++;
    this.#backends.set(id, { id, weight, life: 1, state: 'serving' });
    return id;
  }
}

const stateBefore: Readonly<Record<Exclude<Change, 'add'>, Backend['state']>> = {
  drain: 'serving',
  restore: 'draining',
  remove: 'draining',
  die: 'serving',
  return: 'dead',
  weigh: 'serving',
};
