/**
 * A clock that moves only when told: a thirty-day saga takes no time to test.
 */
import type { CancelTimeout, Clock } from '../runtime/clock.ts';

interface Appointment {
  atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #appointments = new Set<Appointment>();

  /** @param startMs milliseconds since 1970; default 2026-01-01T00:00:00Z */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimeout {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const appointment = { atMs, order: this.#order++, run };
    this.#appointments.add(appointment);
    return () => this.#appointments.delete(appointment);
  }

  /** Moves on by `durationMs`, running what falls due on the way, in order. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#earliest(); next !== null; next = this.#earliest()) {
      if (next.atMs > untilMs) break;
      this.#appointments.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }

  /** Sets the wall clock as a person or NTP would, without anything having waited. */
  jumpTo(nowMs: number): void {
    const shiftMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    // Waiting is monotonic: what was a second away stays a second away.
    for (const each of this.#appointments) each.atMs += shiftMs;
  }

  #earliest(): Appointment | null {
    let earliest: Appointment | null = null;
    for (const each of this.#appointments) {
      const isEarlier =
        earliest === null ||
        each.atMs < earliest.atMs ||
        (each.atMs === earliest.atMs && each.order < earliest.order);
      if (isEarlier) earliest = each;
    }
    return earliest;
  }
}
