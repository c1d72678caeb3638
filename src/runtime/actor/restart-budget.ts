/**
 * Restart intensity and period, as in Erlang's supervisor: more than so many failures of one actor
 * within the period and it is not started again.
 */

export class RestartBudget {
  readonly #restarts: number;
  readonly #periodMs: number;
  /** When each actor failed lately, milliseconds since 1970. */
  readonly #failedAtMs = new Map<number, number[]>();

  constructor(restarts: number, periodMs: number) {
    this.#restarts = restarts;
    this.#periodMs = periodMs;
  }

  /** Counts a failure. `isSpent`: there is no restart left. */
  fail(sid: number, nowMs: number): { readonly failures: number; readonly isSpent: boolean } {
    const sinceMs = nowMs - this.#periodMs;
    const recent = (this.#failedAtMs.get(sid) ?? []).filter((atMs) => atMs > sinceMs);
    const failures = recent.length + 1;
    const isSpent = failures > this.#restarts;
    if (isSpent) this.#failedAtMs.delete(sid);
    else this.#failedAtMs.set(sid, [...recent, nowMs]);
    return { failures, isSpent };
  }

  forget(sid: number): void {
    this.#failedAtMs.delete(sid);
  }
}
