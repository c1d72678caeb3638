/**
 * Durable timers: wakes each saga when its earliest timer is due, by the wall clock.
 *
 * Due times live in the store; only those of the near future are held here, loaded window by
 * window, so a sleeping saga costs no memory. A clock set back delays a wake, a clock set forward
 * fires what is due: the clock is looked at no less than once a second.
 */
import type { Wake } from '../store/store.ts';
import type { CancelTimeout, Clock } from './clock.ts';

/** How far ahead due times are held in memory. */
export const WINDOW_MS = 60_000;
/** Longest sleep between two looks at the clock. */
const MAX_SLEEP_MS = 1_000;
/** Due times read from the store at once. */
const PAGE_SIZE = 1_000;

export interface WakeSource {
  wakes(untilMs: number, after: Wake | null, limit: number): Promise<readonly Wake[]>;
}

export class WakeTimers {
  readonly #clock: Clock;
  readonly #source: WakeSource;
  readonly #wake: (sid: number) => void;
  readonly #onError: (error: unknown) => void;
  /** Due time by saga, and the same as a binary heap with stale entries left in. */
  readonly #dueMs = new Map<number, number>();
  readonly #heap: Wake[] = [];
  #loadedUntilMs = 0;
  #isLoading = false;
  #cancelSleep: CancelTimeout | null = null;
  #sleepsUntilMs = Infinity;
  #isRunning = false;

  constructor(
    clock: Clock,
    source: WakeSource,
    wake: (sid: number) => void,
    onError: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#source = source;
    this.#wake = wake;
    this.#onError = onError;
  }

  get armed(): number {
    return this.#dueMs.size;
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
    const known = this.#dueMs.get(sid);
    if (dueMs === null) {
      if (known !== undefined) this.#dueMs.delete(sid);
      return;
    }
    // Later than the window: the store has it, and the window that covers it will bring it.
    if (!isInFlight && dueMs > this.#loadedUntilMs && this.#isRunning) {
      this.#dueMs.delete(sid);
      return;
    }
    if (known === dueMs) return;
    this.#dueMs.set(sid, dueMs);
    push(this.#heap, { sid, wakeAtMs: dueMs });
    if (dueMs < this.#sleepsUntilMs && this.#isRunning) this.#sleep();
  }

  #tick(): void {
    if (!this.#isRunning) return;
    const nowMs = this.#clock.nowMs();
    let next = this.#heap[0];
    while (next !== undefined && next.wakeAtMs <= nowMs) {
      pop(this.#heap);
      if (this.#dueMs.get(next.sid) === next.wakeAtMs) {
        this.#dueMs.delete(next.sid);
        this.#wake(next.sid);
      }
      next = this.#heap[0];
    }
    if (nowMs > this.#loadedUntilMs - WINDOW_MS / 2) void this.#loadWindow(nowMs + WINDOW_MS);
    this.#sleep();
  }

  #sleep(): void {
    this.#cancelSleep?.();
    const nowMs = this.#clock.nowMs();
    const untilMs = Math.min(this.#heap[0]?.wakeAtMs ?? Infinity, nowMs + MAX_SLEEP_MS);
    this.#sleepsUntilMs = untilMs;
    this.#cancelSleep = this.#clock.after(Math.max(0, untilMs - nowMs), () => this.#tick());
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
          if (!this.#dueMs.has(sid)) this.set(sid, wakeAtMs, false);
        }
        after = page.at(-1) ?? null;
        if (after === null || page.length < PAGE_SIZE) break;
      }
      // Some may be due already: the clock jumped, or the process slept.
      this.#tick();
    } catch (error) {
      this.#loadedUntilMs = 0; // the next look at the clock tries again
      this.#onError(error);
    } finally {
      this.#isLoading = false;
    }
  }
}

function push(heap: Wake[], wake: Wake): void {
  let index = heap.length;
  heap.push(wake);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || parent.wakeAtMs <= wake.wakeAtMs) break;
    heap[index] = parent;
    heap[parentIndex] = wake;
    index = parentIndex;
  }
}

function pop(heap: Wake[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    if (left === undefined) break;
    const isRightSmaller = right !== undefined && right.wakeAtMs < left.wakeAtMs;
    const smaller = isRightSmaller ? right : left;
    if (smaller.wakeAtMs >= last.wakeAtMs) break;
    heap[index] = smaller;
    index = 2 * index + (isRightSmaller ? 2 : 1);
  }
  heap[index] = last;
}
