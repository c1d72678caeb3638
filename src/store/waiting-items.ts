/**
 * What waits for a batch, in two lanes, each first in, first out.
 *
 * The background is sagas that a timer woke or a restart took up. It has a bounded share of every
 * batch, so that thousands which are due at one moment are never in front of what comes in then, and
 * a steady load does not keep timers from firing.
 */

/** Most of the background in one batch, which has as much room for it. */
export const MAX_BACKGROUND = 128;
/** When what met a foreign lock comes again for the first time; doubles each time up to the longest. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

interface Waiting {
  /** Of state and journal. */
  readonly chars: number;
  readonly isBackground: boolean;
}

export class WaitingItems<Item extends Waiting> {
  #foreground: Item[] = [];
  #background: Item[] = [];
  readonly #postponed = new Map<Item, NodeJS.Timeout>();

  /** Those that may go with the next batch. */
  get ready(): number {
    return this.#foreground.length + this.#background.length;
  }

  /** Those that come again later. */
  get postponed(): number {
    return this.#postponed.size;
  }

  put(item: Item): void {
    (item.isBackground ? this.#background : this.#foreground).push(item);
  }

  /** `times`: how often it was postponed before. */
  postpone(item: Item, times: number, again: () => void): void {
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** times);
    const timer = setTimeout(() => {
      this.#postponed.delete(item);
      again();
    }, delayMs);
    this.#postponed.set(item, timer);
  }

  /** The next batch: at least one item of each lane that has any. */
  takeBatch(maxItems: number, maxChars: number): readonly Item[] {
    const share = Math.min(this.#background.length, MAX_BACKGROUND);
    const first = takeFirst(this.#foreground, maxItems - share, maxChars);
    this.#foreground = first.left;
    const second = takeFirst(this.#background, share, maxChars - first.chars);
    this.#background = second.left;
    return second.taken.length === 0 ? first.taken : [...first.taken, ...second.taken];
  }

  /** All of them; none comes again. */
  takeAll(): readonly Item[] {
    for (const timer of this.#postponed.values()) clearTimeout(timer);
    const all = [...this.#foreground, ...this.#background, ...this.#postponed.keys()];
    this.#foreground = [];
    this.#background = [];
    this.#postponed.clear();
    return all;
  }
}

/** As many as fit, at least one; `left` are the others. */
function takeFirst<Item extends Waiting>(lane: Item[], maxItems: number, maxChars: number) {
  let count = 0;
  let chars = 0;
  for (; count < lane.length && count < maxItems; count += 1) {
    const more = lane[count]?.chars ?? 0;
    if (count > 0 && chars + more > maxChars) break;
    chars += more;
  }
  if (count === lane.length) return { taken: lane, left: [], chars };
  return { taken: lane.splice(0, count), left: lane, chars };
}
