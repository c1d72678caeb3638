/**
 * Where a worker makes attempts: its clock, its source of random marks, and the runner that bounds
 * the attempts. Restate records what the desk gives of an attempt before anything follows from it.
 */
import { randomUUID } from 'node:crypto';
import type { AttemptOutcome } from '../core/turn/inbound.ts';
import { ActivityRunner, type AttemptTask, tracedTask } from '../host/outside/activity-runner.ts';
import type { Clock } from '../host/clock.ts';
import type { Limits } from '../host/limits.ts';
import type { AttemptFigures } from '../host/telemetry/attempt-metrics.ts';
import type { Tracing } from '../host/telemetry/tracing.ts';
import { TypeCounters } from '../host/telemetry/type-figures.ts';
import type { Report } from './words.ts';

/** What became of an attempt; `null`: it was stopped, or nothing came late. */
export interface Told {
  readonly report: Report | null;
  /** By the clock of the worker. */
  readonly atMs: number;
}

/** The same of one that was made here. */
export interface Made extends Told {
  /** How long it ran, or waited for a place. */
  readonly tookMs: number;
  /** It goes on: see `AttemptDesk.rest`. */
  readonly isRunning?: true;
}

/** How an attempt is waited for. */
export interface Waiting {
  /** Whether it waits for a place among those that run in the worker. Default true. */
  readonly waits?: boolean;
  /** How long its end is waited for at first. Default: as long as it takes. */
  readonly patienceMs?: number;
}

interface Run {
  readonly beganMs: number;
  readonly ended: PromiseWithResolvers<Report | null>;
  readonly late: PromiseWithResolvers<Report | null>;
}

export interface DeskParts {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'activitiesInFlight' | 'outputLength'>;
  /** How long an attempt that was given up is listened to. */
  readonly lateMs: number;
  readonly tracing?: Tracing;
}

export class AttemptDesk {
  readonly #clock: Clock;
  readonly #runner: ActivityRunner;
  readonly #lateMs: number;
  /** So many attempts run at once. */
  readonly #places: number;
  readonly #tracing: Tracing | undefined;
  readonly #runs = new Map<number, Run>();
  readonly #counters = new TypeCounters();
  #lastRun = 0;
  #isStopping = false;
  readonly #drained = Promise.withResolvers<null>();

  constructor({ clock, limits, lateMs, tracing }: DeskParts) {
    this.#clock = clock;
    this.#tracing = tracing;
    this.#lateMs = lateMs;
    this.#places = limits.activitiesInFlight;
    this.#runner = new ActivityRunner(
      clock,
      {
        onOutcome: ({ run, effect: { activity, token } }, outcome) =>
          this.#runs.get(run)?.ended.resolve({ kind: 'result', activity, token, outcome }),
        onUnbegun: ({ run, effect }) => this.#runs.get(run)?.ended.resolve(notBegun(effect)),
        onTimeout: ({ run, effect: { token } }, timer) =>
          this.#runs.get(run)?.ended.resolve({ kind: 'timer', timer, token }),
        onAnswer: ({ type, effect: { step, direction } }, durationMs) =>
          this.#counters.answer(type, step, direction, durationMs),
        onLate: (task, outcome) =>
          this.#runs.get(task.run)?.late.resolve(lateReport(task, outcome)),
      },
      limits,
      tracing,
    );
  }

  /** What was counted of attempts since the start of the process, and what runs now. */
  figures(): Omit<AttemptFigures, 'unheardEvents'> {
    const { inFlight, backlog } = this.#runner;
    return {
      activitiesInFlight: inFlight,
      activitiesWaiting: backlog - inFlight,
      attemptMs: this.#runner.attemptMs(),
      types: this.#counters.figures(),
    };
  }

  /** A random name, another one for each execution of a call. */
  newMark(): string {
    return randomUUID();
  }

  /** Names the attempt here. */
  newRun(): number {
    this.#lastRun += 1;
    return this.#lastRun;
  }

  /**
   * Makes the attempt. Never rejects. It is not begun, and says that it was interrupted in good
   * order, where the worker is about to stop, or has no place for it and it is not to wait.
   */
  async perform(task: AttemptTask, waiting: Waiting = {}): Promise<Made> {
    const { waits = true, patienceMs } = waiting;
    const beganMs = this.#clock.nowMs();
    if (this.#isStopping || (!waits && this.#runner.backlog >= this.#places)) {
      return { report: notBegun(task.effect), atMs: beganMs, tookMs: 0 };
    }
    const run = {
      beganMs,
      ended: Promise.withResolvers<Report | null>(),
      late: Promise.withResolvers<Report | null>(),
    };
    this.#runs.set(task.run, run);
    this.#runner.start(task);
    const ended = this.#made(run);
    if (patienceMs === undefined) return ended;
    const waited = Promise.withResolvers<Made>();
    const cancel = this.#clock.after(patienceMs, () => {
      const atMs = this.#clock.nowMs();
      waited.resolve({ report: null, atMs, tookMs: atMs - beganMs, isRunning: true });
    });
    const first = await Promise.race([ended, waited.promise]);
    cancel();
    return first;
  }

  /** What comes of an attempt that goes on; `null`: nothing is known of it. */
  async rest(run: number): Promise<Made | null> {
    const known = this.#runs.get(run);
    return known === undefined ? null : this.#made(known);
  }

  /** The attempt was begun by an execution that has ended without it. */
  interrupted(task: AttemptTask): void {
    const nowMs = this.#clock.nowMs();
    this.#tracing?.interrupted(tracedTask(task), nowMs, nowMs);
  }

  /** The saga has moved on: aborts the attempt. */
  stop({ run, effect: { activity, token } }: Pick<AttemptTask, 'run' | 'effect'>): void {
    this.#runner.stop(run, activity, token);
    this.#runs.get(run)?.ended.resolve(null);
  }

  /** What a stopped attempt has done after all, if it answers within `lateMs`. Never rejects. */
  async late(run: number): Promise<Told> {
    const known = this.#runs.get(run);
    const waited = Promise.withResolvers<null>();
    const cancel = this.#clock.after(this.#lateMs, () => waited.resolve(null));
    const never = [waited.promise, this.#drained.promise];
    const report = known === undefined ? null : await Promise.race([known.late.promise, ...never]);
    cancel();
    return { report, atMs: this.#clock.nowMs() };
  }

  /** Nothing more is asked of it. */
  forget(run: number): void {
    this.#runs.delete(run);
  }

  async #made({ beganMs, ended }: Run): Promise<Made> {
    const report = await ended.promise;
    const atMs = this.#clock.nowMs();
    return { report, atMs, tookMs: atMs - beganMs };
  }

  /**
   * Starts nothing new, and says of what waits for a place that it was not begun; resolves when nothing
   * runs or after `drainMs`. Aborts what is left.
   */
  async drain(drainMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#runner.drain(drainMs);
    this.#drained.resolve(null);
  }
}

function notBegun({ activity, token }: AttemptTask['effect']): Report {
  return { kind: 'interrupted', activity, token, wasClean: true };
}

function lateReport({ effect }: AttemptTask, outcome: AttemptOutcome): Report {
  const { activity, token, occurrence } = effect;
  return { kind: 'result', activity, token, outcome, occurrence };
}
