/**
 * A clock that moves only when told: a thirty-day saga takes no time to test.
 */
import type { CancelTimeout, Clock } from '../host/clock.ts';

interface Appointment {
  atMs: number;
  readonly delayMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #order = 0;
  readonly #appointments = new Set<Appointment>();

  /** @param startMs milliseconds since 1970; default 2026-01-01T00:00:00Z */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): CancelTimeout {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const appointment = { atMs, delayMs, order: this.#order++, run };
    this.#appointments.add(appointment);
    return () => this.#appointments.delete(appointment);
  }

  /** When the next appointment is due, milliseconds since 1970; `null` when there is none. */
  get nextAtMs(): number | null {
    return this.#earliest()?.atMs ?? null;
  }

  /** As `nextAtMs`, of the appointments that were made for later than `delayMs`. */
  nextAfterMs(delayMs: number): number | null {
    return this.#earliest((each) => each.delayMs > delayMs)?.atMs ?? null;
  }

  /** The clock of one process: `kill` forgets what that process still waits for. */
  forProcess(): Clock & { kill(): void } {
    const pending = new Set<CancelTimeout>();
    let isAlive = true;
    return {
      nowMs: () => this.#nowMs,
      monotonicMs: () => this.#elapsedMs,
      after: (delayMs, run) => {
        if (!isAlive) return () => {};
        const cancel = this.after(delayMs, () => {
          pending.delete(cancel);
          run();
        });
        pending.add(cancel);
        return () => {
          pending.delete(cancel);
          cancel();
        };
      },
      kill: () => {
        isAlive = false;
        for (const cancel of pending) cancel();
        pending.clear();
      },
    };
  }

  /** Moves on by `durationMs`, running what falls due on the way, in order. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#earliest(); next !== null; next = this.#earliest()) {
      if (next.atMs > untilMs) break;
      this.#appointments.delete(next);
      this.#pass(Math.max(this.#nowMs, next.atMs));
      next.run();
    }
    this.#pass(untilMs);
  }

  /**
   * As a machine that slept: moves on at once, then runs what has fallen due meanwhile, each once
   * and in order. What those make for later counts from the end of the sleep.
   */
  sleep(durationMs: number): void {
    this.#pass(this.#nowMs + durationMs);
    const due = [...this.#appointments].filter(({ atMs }) => atMs <= this.#nowMs);
    for (const each of due.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)) {
      if (this.#appointments.delete(each)) each.run();
    }
  }

  /** Sets the wall clock as a person or NTP would, without anything having waited. */
  jumpTo(nowMs: number): void {
    const shiftMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    // Waiting is monotonic: what was a second away stays a second away.
    for (const each of this.#appointments) each.atMs += shiftMs;
  }

  #pass(untilMs: number): void {
    this.#elapsedMs += untilMs - this.#nowMs;
    this.#nowMs = untilMs;
  }

  #earliest(isMeant: (each: Appointment) => boolean = () => true): Appointment | null {
    let earliest: Appointment | null = null;
    for (const each of this.#appointments) {
      if (!isMeant(each)) continue;
      const isEarlier =
        earliest === null ||
        each.atMs < earliest.atMs ||
        (each.atMs === earliest.atMs && each.order < earliest.order);
      if (isEarlier) earliest = each;
    }
    return earliest;
  }
}
