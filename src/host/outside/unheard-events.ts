/**
 * Emitted events that nobody subscribes to. They are dropped: kept for a subscriber that may never
 * come they would fill the store without a bound. So each is counted, and the first of each type is
 * told.
 */
import type { PendingMessage } from '../../store/store.ts';

/** Most types that are told; a type made at run time could be another one each time. */
const MAX_TOLD = 100;

/** Where the first of each type is told. */
export interface UnheardLog {
  warn(details: object, message: string): void;
}

export class UnheardEvents {
  readonly #log: UnheardLog;
  readonly #told = new Set<string>();
  #count = 0;

  constructor(log: UnheardLog) {
    this.#log = log;
  }

  /** Dropped since the start of the process. */
  get count(): number {
    return this.#count;
  }

  /** One was dropped. `subscribed`: the types that its saga has subscribers for. */
  add(
    { type, event }: Pick<PendingMessage, 'type' | 'event'>,
    subscribed: readonly string[],
  ): void {
    this.#count += 1;
    const name = `${type}/${event}`;
    if (this.#told.has(name) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(name);
    try {
      this.#log.warn(
        { saga: type, event, subscribed },
        'an emitted event was dropped: nobody subscribes to its type; further ones are counted only',
      );
    } catch {
      // A log that cannot be written must not hold up the messages behind this one.
    }
  }
}
