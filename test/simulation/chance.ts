/**
 * All chance of a run. Every decision has a name and depends on the seed and that name alone, so
 * one seed replays one run bit for bit, and a fault can be left out while the others stay.
 *
 * Must never keep a state that one decision changes for the next.
 */
import { unitInterval } from '../../src/core/hash.ts';

/** Where decisions come from. */
export type ChancePlan =
  /** Everything by the seed; faults named in `vetoed` do not happen. */
  | { readonly kind: 'random'; readonly seed: number; readonly vetoed: ReadonlySet<string> }
  /** First come, first served; only the faults that the function names happen. */
  | { readonly kind: 'script'; readonly fault: (name: string) => string | undefined };

export class Chance {
  readonly #plan: ChancePlan;
  readonly #faults = new Set<string>();
  #isCalm = false;

  constructor(plan: ChancePlan) {
    this.#plan = plan;
  }

  /** Faults that happened, as `name=kind`, in order. */
  get faults(): readonly string[] {
    return [...this.#faults];
  }

  /** True once faults have stopped, or for a run that follows a script. */
  get isOrderly(): boolean {
    return this.#isCalm || this.#plan.kind === 'script';
  }

  get isScripted(): boolean {
    return this.#plan.kind === 'script';
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }

  /** From now on no fault happens. */
  calm(): void {
    this.#isCalm = true;
  }

  /** In [0, 1), by seed and name. One half in a script. */
  fraction(name: string): number {
    return this.#plan.kind === 'script' ? 0.5 : unitInterval(`${name}:${this.#plan.seed}`);
  }

  /** A whole number from `low` to `high`, both included. */
  between(name: string, low: number, high: number): number {
    return low + Math.floor(this.fraction(name) * (high - low + 1));
  }

  /** A fault, with the given probability of each kind, or `null`. */
  fault<Kind extends string>(name: string, odds: Readonly<Record<Kind, number>>): Kind | null {
    if (this.#isCalm) return null;
    const kind = this.#drawn(name, odds);
    if (kind !== null) this.#faults.add(`${name}=${kind}`);
    return kind;
  }

  #drawn<Kind extends string>(name: string, odds: Readonly<Record<Kind, number>>): Kind | null {
    const plan = this.#plan;
    const kinds = Object.keys(odds) as Kind[];
    if (plan.kind === 'script') {
      const wanted = plan.fault(name);
      return kinds.find((kind) => kind === wanted) ?? null;
    }
    if (plan.vetoed.has(name)) return null;
    let rest = unitInterval(`${name}:${plan.seed}`);
    for (const kind of kinds) {
      rest -= odds[kind];
      if (rest < 0) return kind;
    }
    return null;
  }
}
