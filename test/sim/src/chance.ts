import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that a seed decides: the same seed gives the same run. */
export class Chance {
  readonly #generator;
  /** Normal numbers are drawn in pairs. */
  #spareNormal: number | undefined;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return uniformInt(this.#generator, 0, bound - 1);
  }

  /** 32 bits, each as likely set as not. */
  bits(): number {
    return this.#generator.next() >>> 0;
  }

  /** At least 0, below 1. */
  uniform(): number {
    return uniformFloat64(this.#generator);
  }

  /** Between events that happen every `mean` on average, and don't know of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.uniform());
  }

  /** Mean 0, standard deviation 1 (Box and Muller, Annals of Mathematical Statistics 29(2), 1958). */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** One of them; undefined of none. */
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }

  /** So many different ones of them, in any order; all, if there are no more. */
  sample<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    const drawn: T[] = [];
    while (drawn.length < count && left.length > 0) {
      const index = this.below(left.length);
      drawn.push(left[index] as T);
      left[index] = left[left.length - 1] as T;
      left.pop();
    }
    return drawn;
  }
}
