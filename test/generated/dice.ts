/** Chance by number: one seed gives the same throws in the same order, everywhere. */
import { unitInterval } from '../../src/core/hash.ts';

export class Dice {
  readonly #seed: string;
  #throws = 0;

  constructor(seed: string | number) {
    this.#seed = String(seed);
  }

  /** In [0, 1). */
  fraction(): number {
    this.#throws += 1;
    return unitInterval(`${this.#throws}:${this.#seed}`);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** True with this probability. */
  isLucky(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of them; throws where there is none. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.between(0, list.length - 1)];
    if (chosen === undefined) throw new Error('there is nothing to pick from');
    return chosen;
  }

  /** One of the keys, by their weights. */
  weighed<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const all = Object.entries<number>(weights) as [Key, number][];
    let rest = this.fraction() * all.reduce((sum, [, weight]) => sum + weight, 0);
    const found = all.find(([, weight]) => (rest -= weight) < 0) ?? all.at(-1);
    if (found === undefined) throw new Error('there is nothing to pick from');
    return found[0];
  }

  /** The list in a random order. */
  shuffled<T>(list: readonly T[]): readonly T[] {
    const keyed = list.map((value) => ({ value, key: this.fraction() }));
    return keyed.toSorted((one, other) => one.key - other.key).map(({ value }) => value);
  }
}
