/**
 * Lets virtual time pass under a running engine, from one thing that is due to the next.
 *
 * Invariant: nothing that falls due is run late, and nothing runs while something else is under
 * way.
 */
import { nextDueMs } from '../core/state.ts';
import type { TestProcess } from './test-process.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How often the engine looks at the clock. */
const LOOK_EVERY_MS = 1_000;
/** Most sagas in flight that a test may have. */
const MAX_SAGAS = 10_000;

/** The engine whose time it is. */
export interface TimedEngine {
  running(): TestProcess;
  /** Lets everything happen that needs no time to pass. */
  quiet(): Promise<void>;
}

export class PassingTime {
  readonly #clock: VirtualClock;
  readonly #engine: TimedEngine;

  constructor(clock: VirtualClock, engine: TimedEngine) {
    this.#clock = clock;
    this.#engine = engine;
  }

  /**
   * Moves the clock to the next thing that is due, at most to `untilMs`. False when nothing is.
   *
   * The engine looks at the clock every second; those looks are left out, as by a machine that
   * sleeps until its next alarm, or thirty days would take millions of them.
   */
  async move(untilMs: number): Promise<boolean> {
    await this.#engine.quiet();
    const nextMs = await this.#nextDueMs(untilMs);
    if (nextMs === Infinity) return false;
    const nowMs = this.#clock.nowMs();
    const targetMs = Math.min(nextMs, untilMs);
    if (targetMs <= nowMs) {
      // Due already, and noticed at the next look at the clock.
      await this.#pass(Math.min(this.#clock.nextAtMs ?? nowMs, untilMs));
    } else if (targetMs <= nowMs + LOOK_EVERY_MS) {
      await this.#pass(targetMs);
    } else if (
      (await this.#pass(nowMs + LOOK_EVERY_MS)) &&
      (await this.#nextDueMs(untilMs)) === nextMs
    ) {
      this.#clock.sleep(Math.max(0, targetMs - this.#clock.nowMs()));
      await this.#engine.quiet();
    }
    return true;
  }

  /** Passes the appointments up to then one by one. True when no turn was taken meanwhile. */
  async #pass(untilMs: number): Promise<boolean> {
    const { store } = this.#engine.running();
    const { commits } = store.stats();
    while (this.#clock.nowMs() < untilMs) {
      const atMs = Math.min(this.#clock.nextAtMs ?? untilMs, untilMs);
      this.#clock.advance(Math.max(0, atMs - this.#clock.nowMs()));
      await this.#engine.quiet();
      if (store.stats().commits > commits) return false;
    }
    this.#clock.advance(0);
    await this.#engine.quiet();
    return store.stats().commits === commits;
  }

  /**
   * The earliest due time of a saga, or of anything that the engine waits for longer than a look;
   * `untilMs` where nothing is due.
   */
  async #nextDueMs(untilMs: number): Promise<number> {
    const { store, backstep } = this.#engine.running();
    const due = [this.#clock.nextAfterMs(LOOK_EVERY_MS)];
    for (const { sid, wakeAtMs } of await store.wakes(Number.MAX_SAFE_INTEGER, null, MAX_SAGAS)) {
      if (wakeAtMs > 0) {
        due.push(wakeAtMs);
        break; // they come in order, those in flight first
      }
      const stored = await store.loadBySid(sid);
      const state = stored === null ? null : await backstep.saga(stored.id).state();
      if (state !== null) due.push(nextDueMs(state.live));
    }
    const known = due.filter((atMs) => atMs !== null);
    return known.length === 0 ? untilMs : Math.min(...known);
  }
}
