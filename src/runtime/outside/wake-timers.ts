/**
 * Durable timers: wakes each saga when its earliest timer is due, by the wall clock.
 *
 * Due times live in the store; only those of the near future are held here, loaded window by
 * window, so a sleeping saga costs no memory. A clock set back delays a wake, a clock set forward
 * fires what is due: the clock is looked at no less than once a second.
 *
 * Thousands may fall due at one moment. Only so many are woken at a time, the others as those have
 * moved or stand still, so that neither loads nor turns of them fill the queues that everything else waits in.
 */
import type { Wake } from '../../store/store.ts';
import type { CancelTimeout, Clock } from '../../host/clock.ts';
import { DueHeap } from './due-heap.ts';

/** How far ahead due times are held in memory. */
export const WINDOW_MS = 60_000;
/** Longest sleep between two looks at the clock. */
export const MAX_SLEEP_MS = 1_000;
/** Due times read from the store at once. */
const PAGE_SIZE = 1_000;
/** Sagas that were woken and have not moved yet. Two shares of a batch: one is written, one loads. */
export const MAX_WOKEN = 256;
/** A saga that has not moved for so long, as behind a row that somebody locks, holds up no other. */
export const MAX_HELD_MS = 2_000;

export interface WakeSource {
  wakes(untilMs: number, after: Wake | null, limit: number): Promise<readonly Wake[]>;
}

/** Who is woken. */
export interface WakeTarget {
  wake(sid: number): void;
  onError(error: unknown): void;
}

export class WakeTimers {
  readonly #clock: Clock;
  readonly #source: WakeSource;
  readonly #target: WakeTarget;
  readonly #due = new DueHeap();
  /** Until when each is waited for; in the order that they were woken in. */
  readonly #woken = new Map<number, number>();
  #loadedUntilMs = 0;
  #isLoading = false;
  #cancelSleep: CancelTimeout | null = null;
  #sleepsUntilMs = Infinity;
  #isRunning = false;

  constructor(clock: Clock, source: WakeSource, target: WakeTarget) {
    this.#clock = clock;
    this.#source = source;
    this.#target = target;
  }

  get armed(): number {
    return this.#due.size;
  }

  /** `loadedUntilMs`: up to when the caller has handed over the stored due times. */
  start(loadedUntilMs: number): void {
    this.#loadedUntilMs = loadedUntilMs;
    this.#isRunning = true;
    this.#tick();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelSleep?.();
    this.#cancelSleep = null;
  }

  /**
   * The saga's earliest due time after a turn; `null` when none is armed. `isInFlight`: an activity
   * runs as well, so the store's row says "look at me after a restart" instead of a due time, and
   * no window will bring it.
   */
  set(sid: number, dueMs: number | null, isInFlight: boolean): void {
    const isOfThisWindow = !this.#isRunning || (dueMs ?? 0) <= this.#loadedUntilMs;
    // Due later than the window: the store keeps the time, and a later window loads it.
    if (dueMs === null || !(isInFlight || isOfThisWindow)) {
      this.#due.delete(sid);
    } else {
      this.#due.set(sid, dueMs);
      if (dueMs < this.#sleepsUntilMs && this.#isRunning) this.#sleep();
    }
    this.moved(sid);
  }

  /** What the saga was woken for is done, or it could not be: `set` says so as well. */
  moved(sid: number): void {
    if (!this.#woken.delete(sid) || this.#woken.size > MAX_WOKEN / 2) return;
    if (this.#due.earliestMs <= this.#clock.nowMs()) this.#tick();
  }

  #tick(): void {
    if (!this.#isRunning) return;
    const nowMs = this.#clock.nowMs();
    for (const [sid, untilMs] of this.#woken) {
      if (untilMs > nowMs) break;
      this.#woken.delete(sid);
    }
    while (this.#woken.size < MAX_WOKEN) {
      const sid = this.#due.takeDue(nowMs);
      if (sid === null) break;
      this.#woken.set(sid, nowMs + MAX_HELD_MS);
      this.#target.wake(sid);
    }
    if (nowMs > this.#loadedUntilMs - WINDOW_MS / 2) void this.#loadWindow(nowMs + WINDOW_MS);
    this.#sleep();
  }

  #sleep(): void {
    this.#cancelSleep?.();
    const nowMs = this.#clock.nowMs();
    // What is overdue and still in the heap is woken when others have moved.
    const nextMs = this.#woken.size < MAX_WOKEN ? this.#due.earliestMs : Infinity;
    const sleepMs = Math.min(Math.max(0, nextMs - nowMs), MAX_SLEEP_MS);
    this.#sleepsUntilMs = nowMs + sleepMs;
    this.#cancelSleep = this.#clock.after(sleepMs, () => this.#tick());
  }

  async #loadWindow(untilMs: number): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    // Raised first: what a turn arms from now on is held here, what it armed before is in the store.
    this.#loadedUntilMs = untilMs;
    try {
      let after: Wake | null = { sid: Number.MAX_SAFE_INTEGER, wakeAtMs: 0 };
      for (;;) {
        const page: readonly Wake[] = await this.#source.wakes(untilMs, after, PAGE_SIZE);
        for (const { sid, wakeAtMs } of page) {
          if (!this.#due.has(sid)) this.#due.set(sid, wakeAtMs);
        }
        after = page.at(-1) ?? null;
        if (after === null || page.length < PAGE_SIZE) break;
      }
      // Some may be due already: the clock jumped, or the process slept.
      this.#tick();
    } catch (error) {
      this.#loadedUntilMs = 0; // the next look at the clock tries again
      this.#target.onError(error);
    } finally {
      this.#isLoading = false;
    }
  }
}
