/**
 * Slows down a saga whose timers lead to one another without a delay worth the name: each of its
 * turns is a row on disk, for ever, where a live actor only spins.
 *
 * Holds back only when a timer fires, never its due time: nothing of it is durable.
 */

/** Timers in a row, each due at once, that fire at full speed. */
export const MAX_FAST_TIMERS = 100;
/** Then no two fire closer than this. */
export const FAST_TIMER_PACE_MS = 100;

export class TimerPace {
  /** By internal id: turns of timers in a row after each of which the next one was due, or nearly. */
  readonly #fast = new Map<number, number>();

  /** When to wake the saga whose earliest timer is due at `dueMs`, after a turn of `cause`. */
  wakeAtMs(sid: number, dueMs: number | null, nowMs: number, cause: string): number | null {
    if (dueMs === null || cause !== 'timer' || dueMs - nowMs >= FAST_TIMER_PACE_MS) {
      if (this.#fast.size > 0) this.#fast.delete(sid);
      return dueMs;
    }
    const count = (this.#fast.get(sid) ?? 0) + 1;
    this.#fast.set(sid, count);
    return count > MAX_FAST_TIMERS ? nowMs + FAST_TIMER_PACE_MS : dueMs;
  }
}
