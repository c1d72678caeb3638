/**
 * What met a lock that somebody else holds and is to come again later, so that nothing else waits
 * for it. Bounded by who puts things in.
 */

/** When a thing comes again for the first time; doubles each time up to the longest. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

export class Postponed<Thing> {
  readonly #timers = new Map<Thing, NodeJS.Timeout>();

  get size(): number {
    return this.#timers.size;
  }

  /** `times`: how often it was put in before. */
  put(thing: Thing, times: number, again: () => void): void {
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** times);
    const timer = setTimeout(() => {
      this.#timers.delete(thing);
      again();
    }, delayMs);
    this.#timers.set(thing, timer);
  }

  /** All of them; none comes again. */
  takeAll(): readonly Thing[] {
    const things = [...this.#timers.keys()];
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    return things;
  }
}
