/**
 * The queue of one saga: first in, first out, one reader.
 *
 * Only what comes from outside is bounded; results and timers were caused by accepted work and are
 * never refused.
 */
import { BackstepError } from '../../core/errors.ts';

/** Slots of taken items kept before the queue is moved up. */
const MAX_TAKEN = 1_024;

export class Mailbox<Item> {
  readonly #items: (Item | undefined)[] = [];
  readonly #maxExternal: number;
  #head = 0;
  #external = 0;
  readonly #isExternal: (item: Item) => boolean;

  constructor(maxExternal: number, isExternal: (item: Item) => boolean) {
    this.#maxExternal = maxExternal;
    this.#isExternal = isExternal;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds at the end. Throws `overloaded` when the item is external and the bound is reached. */
  put(item: Item): void {
    if (this.#isExternal(item)) {
      if (this.#external >= this.#maxExternal) {
        throw new BackstepError('overloaded', 'too many events wait for this saga', {
          retryAfterMs: 1_000,
        });
      }
      this.#external += 1;
    }
    this.#items.push(item);
  }

  /** Puts an item that was taken back in front. */
  putBack(item: Item): void {
    if (this.#isExternal(item)) this.#external += 1;
    this.#items.splice(this.#head, 0, item);
  }

  take(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length || this.#head >= MAX_TAKEN) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.#isExternal(item)) this.#external -= 1;
    return item;
  }
}
