/**
 * Simulated time: one wall clock that may jump, one steady time that only goes on, and a clock per
 * process that forgets its appointments when the process dies.
 *
 * Invariant: waiting is by the steady time, as in a real process; a jump moves no appointment.
 */
import type { CancelTimeout, Clock } from '../../src/host/clock.ts';
import { MAX_SLEEP_MS } from '../../src/runtime/outside/wake-timers.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** The time of the whole simulated world. */
export class SimTime {
  /** Counts up from 0. */
  steadyMs = 0;
  #offsetMs = START_MS;

  get wallMs(): number {
    return this.steadyMs + this.#offsetMs;
  }

  /** Sets the wall clock, as a person or NTP would. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  passTo(steadyMs: number): void {
    this.steadyMs = Math.max(this.steadyMs, steadyMs);
  }
}

interface Appointment {
  readonly atMs: number;
  /** The engine only wants to look whether the clock was set. */
  readonly isLook: boolean;
  readonly run: () => void;
}

/** The clock of one process. */
export class ProcessClock implements Clock {
  readonly #time: SimTime;
  readonly #appointments = new Set<Appointment>();
  #isAlive = true;

  constructor(time: SimTime) {
    this.#time = time;
  }

  nowMs(): number {
    return this.#time.wallMs;
  }

  after(delayMs: number, run: () => void): CancelTimeout {
    const atMs = this.#time.steadyMs + Math.max(0, delayMs);
    const appointment = { atMs, isLook: delayMs === MAX_SLEEP_MS, run };
    if (this.#isAlive) this.#appointments.add(appointment);
    return () => this.#appointments.delete(appointment);
  }

  /** When the next appointment is due by the steady time; `null` when there is none. */
  nextAtMs(): number | null {
    return this.#earliest()?.atMs ?? null;
  }

  /** The same of those that are more than a look at the clock. */
  nextWorkAtMs(): number | null {
    let earliest: number | null = null;
    for (const { atMs, isLook } of this.#appointments) {
      if (!isLook && (earliest === null || atMs < earliest)) earliest = atMs;
    }
    return earliest;
  }

  /** Runs the earliest appointment; time must have come to it. */
  runNext(): void {
    const next = this.#earliest();
    if (next === null || next.atMs > this.#time.steadyMs) return;
    this.#appointments.delete(next);
    next.run();
  }

  kill(): void {
    this.#isAlive = false;
    this.#appointments.clear();
  }

  // A set keeps the order of insertion, so the first of equals was made first.
  #earliest(): Appointment | null {
    let earliest: Appointment | null = null;
    for (const each of this.#appointments) {
      if (earliest === null || each.atMs < earliest.atMs) earliest = each;
    }
    return earliest;
  }
}
