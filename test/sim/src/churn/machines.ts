import type { ChoiceMember, WeightedMember } from '@weir/director';
import type { Chance } from '../chance.js';

/** There is no way back: who returns is a new one. */
type Life = 'filling' | 'active' | 'draining' | 'crashed' | 'gone';

/** Most machines of a kind that can ever be: tables of the simulation hold their numbers in 16 bits, and one means none. */
export const MACHINES_MAX = 65_535;

/** No machine. */
export const NOBODY = 0xffff;

/** Nodes or backends as they come and go. They have numbers from 0 on, which are never used again. */
export class Machines {
  #lives: Life[] = [];
  /** Another one: something has changed. */
  version = 0;
  /** 1: it runs, and holds the connections or the state that it has. By number. */
  readonly runs = new Uint8Array(MACHINES_MAX + 1);
  /** 1: it goes or went in order, and has handed over what it knew. By number. */
  readonly handedOver = new Uint8Array(MACHINES_MAX + 1);
  /** When it crashed; infinity: it didn't. By number. */
  readonly crashedMs = new Float64Array(MACHINES_MAX + 1).fill(Number.POSITIVE_INFINITY);

  constructor(count: number) {
    this.add(count, 'active');
  }

  /** All that ever were. */
  get count(): number {
    return this.#lives.length;
  }

  add(count: number, life: 'filling' | 'active' = 'filling'): void {
    this.version++;
    this.runs.fill(1, this.count, this.count + count);
    this.#lives = [...this.#lives, ...Array.from({ length: count }, () => life)];
  }

  /** So many of the active ones go in order. They take nothing new. */
  drain(count: number, chance: Chance): void {
    this.version++;
    for (const number of chance.sample(this.#numbersOf('active'), count)) {
      this.#lives[number] = 'draining';
      this.handedOver[number] = 1;
    }
  }

  /** So many of the active ones, and what they held is lost. */
  crash(count: number, chance: Chance, nowMs: number): void {
    this.version++;
    for (const number of chance.sample(this.#numbersOf('active'), count)) {
      this.#lives[number] = 'crashed';
      this.runs[number] = 0;
      this.crashedMs[number] = nowMs;
    }
  }

  /** Who was added is active from now on; who drained or crashed is gone. */
  settle(): void {
    this.version++;
    for (const number of this.#numbersOf('filling')) this.#lives[number] = 'active';
    for (const number of this.#numbersOf('draining', 'crashed')) {
      this.#lives[number] = 'gone';
      this.runs[number] = 0;
    }
  }

  /** Numbers of those that take what is new, ascending. */
  serving(): number[] {
    return this.#numbersOf('filling', 'active');
  }

  /** For a table of choices: all but the gone. */
  choiceMembers(): ChoiceMember[] {
    return this.#lives.flatMap((life, number) => {
      if (life === 'gone') return [];
      const address = addressOf(number);
      const healthy = life !== 'crashed';
      return [{ id: address, address, state: life === 'crashed' ? 'active' : life, healthy }];
    });
  }

  /** For a weighted table: all that run; those that drain without weight. */
  weightedMembers(): WeightedMember[] {
    return this.#numbersOf('filling', 'active', 'draining').map((number) => ({
      id: addressOf(number),
      weight: this.#lives[number] === 'draining' ? 0 : 1,
    }));
  }

  #numbersOf(...wanted: Life[]): number[] {
    return this.#lives.flatMap((life, number) => (wanted.includes(life) ? [number] : []));
  }
}

/** 10.0.0.1 and on. */
function addressOf(number: number): string {
  const host = number + 1;
  return `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
}

/** The number of the machine that {@link Machines} calls by this address. */
export function numberOfAddress(address: string): number {
  const [, high, middle, low] = address.split('.').map(Number) as [number, number, number, number];
  return high * 65_536 + middle * 256 + low - 1;
}
