/**
 * Runs activities: bounded in number, cut off by time, each dispatch reported once.
 *
 * Starts only what a committed turn commanded. Whatever an activity does (throws synchronously,
 * hangs, ignores its signal, answers after it was stopped), exactly one report per dispatch reaches
 * the saga, and the saga's tokens decide what it is worth.
 */
import type { Activity, ActivityContext, WritePlan } from '../../core/activity.ts';
import { createDurationCounter, type Distribution } from '../../core/distribution.ts';
import type { Effect, AttemptOutcome } from '../../core/turn/inbound.ts';
import { copyJson } from '../../core/json.ts';
import { machineValue } from '../../core/machine/machine-values.ts';
import { ANYTHING, check, listOf, optionsOf, required } from '../../core/options-reader.ts';
import type { CancelTimeout, Clock } from '../clock.ts';
import type { Limits } from '../limits.ts';
import { AttemptLine } from './attempt-line.ts';
import { failureOf, outcomeOf } from './attempt-outcome.ts';
import { threadsOf } from '../threads/in-thread.ts';
import type { ThreadPool } from '../threads/thread-pool.ts';
import type { AttemptSpan, TracedAttempt, Tracing } from '../telemetry/tracing.ts';

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

/** One attempt to be made. */
export interface AttemptTask {
  /** Names the saga among those of its host. */
  readonly run: number;
  readonly sagaId: string;
  readonly effect: StartEffect;
  readonly implementation: Activity;
  /** The machine is told what was thrown, not only what kind of failure it is. */
  readonly keepsThrown: boolean;
  /** The type of the saga. */
  readonly type: string;
  /** The `traceparent` of the saga; `null`: it is in no trace. */
  readonly trace: string | null;
}

/** What becomes of attempts. */
export interface AttemptReports {
  /** An attempt that was stopped has had its effect after all. */
  onLate(task: AttemptTask, outcome: AttemptOutcome): void;
  /** The attempt answered; `plan` is there for a transactional one and not written yet. */
  onOutcome(task: AttemptTask, outcome: AttemptOutcome, plan: WritePlan<unknown> | null): void;
  /** The attempt took longer than its time-out, or was silent for too long. It may still run. */
  onTimeout(task: AttemptTask, timer: string): void;
  /** Of a saga that nobody set going just now. Default: none is. */
  isBackground?(task: AttemptTask): boolean;
  /** It waited for a place when its runner stopped: it was never begun. Default: nobody is told. */
  onUnbegun?(task: AttemptTask): void;
  /** For figures: it answered in so long from dispatch on. Default: nobody counts. */
  onAnswer?(task: AttemptTask, durationMs: number): void;
}

interface Attempt {
  readonly task: AttemptTask;
  readonly controller: AbortController;
  readonly startedAtMs: number;
  /** `null`: nobody traces. */
  readonly span: AttemptSpan | null;
  cancelTimeout: CancelTimeout | null;
  cancelSilence: CancelTimeout | null;
}

const WRITE_PLAN = optionsOf({
  statements: required(listOf(ANYTHING, 'statements')),
  output: ANYTHING,
});

export class ActivityRunner {
  readonly #clock: Clock;
  readonly #reports: AttemptReports;
  readonly #maxInFlight: number;
  readonly #maxOutputLength: number;
  readonly #tracing: Tracing | undefined;
  /** By `run/activity/token`. */
  readonly #running = new Map<string, Attempt>();
  readonly #waiting = new AttemptLine<AttemptTask>();
  readonly #durations = createDurationCounter();
  /** Where activities run that do not run here. */
  readonly #threads = new Set<Pick<ThreadPool, 'end'>>();
  #isStopped = false;
  #onIdle: (() => void) | null = null;

  constructor(
    clock: Clock,
    reports: AttemptReports,
    limits: Pick<Limits, 'activitiesInFlight' | 'outputLength'>,
    tracing?: Tracing,
  ) {
    this.#clock = clock;
    this.#reports = reports;
    this.#maxInFlight = limits.activitiesInFlight;
    this.#maxOutputLength = limits.outputLength;
    this.#tracing = tracing;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  /** Attempts that run or wait for a place. */
  get backlog(): number {
    return this.#running.size + this.#waiting.size;
  }

  /** How long attempts took that answered, from dispatch on. */
  attemptMs(): Distribution {
    return this.#durations.snapshot();
  }

  start(task: AttemptTask): void {
    if (this.#isStopped) return; // its intent is durable: the next process dispatches it
    const name = nameOf(task.run, task.effect.activity, task.effect.token);
    if (this.#running.size >= this.#maxInFlight) {
      this.#waiting.put(name, task, this.#reports.isBackground?.(task) ?? false);
      return;
    }
    this.#dispatch(name, task);
  }

  /** The saga has moved on: abort, and take no report any more. */
  stop(run: number, activity: string, token: number): void {
    const name = nameOf(run, activity, token);
    this.#waiting.delete(name);
    const attempt = this.#running.get(name);
    if (attempt === undefined) return;
    this.#release(name, attempt);
    attempt.span?.end({ kind: 'stopped' });
    attempt.controller.abort(new Error('the saga has moved on'));
  }

  /** Starts nothing new; resolves when nothing runs or after `drainMs`. Aborts what is left. */
  async drain(drainMs: number): Promise<void> {
    this.#isStopped = true;
    for (const task of this.#waiting.clear()) this.#reports.onUnbegun?.(task);
    if (this.#running.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(drainMs, resolve);
        this.#onIdle = () => {
          cancel();
          resolve();
        };
      });
    }
    for (const [name, attempt] of this.#running) {
      this.#release(name, attempt);
      attempt.span?.end({ kind: 'stopped' });
      attempt.controller.abort(new Error('the engine stops'));
    }
    await Promise.all([...this.#threads].map((pool) => pool.end()));
  }

  #dispatch(name: string, task: AttemptTask): void {
    const controller = new AbortController();
    const startedAtMs = this.#clock.nowMs();
    const span = this.#tracing?.attempt(tracedTask(task)) ?? null;
    const none = { cancelTimeout: null, cancelSilence: null };
    const attempt: Attempt = { task, controller, startedAtMs, span, ...none };
    this.#running.set(name, attempt);
    this.#awaitHeartbeat(attempt);
    const threads = threadsOf(task.implementation);
    if (threads !== undefined) this.#threads.add(threads);
    const { timeout } = task.effect;
    if (timeout !== null) {
      attempt.cancelTimeout = this.#clock.after(timeout.delayMs, () => {
        attempt.cancelSilence?.();
        attempt.cancelSilence = null;
        // The slot stays taken until the saga's turn stops the attempt or it ends by itself.
        this.#timeOut(attempt, timeout.timer);
      });
    }
    void this.#run(name, attempt);
  }

  async #run(name: string, attempt: Attempt): Promise<void> {
    const { task } = attempt;
    const { implementation, effect } = task;
    const max = this.#maxOutputLength;
    let outcome: AttemptOutcome;
    let plan: WritePlan<unknown> | null = null;
    try {
      // A copy: an activity that changes its input must not change the saga. The cast: that the
      // input fits the activity was checked where the saga was defined; here the types are erased.
      const input = copyJson(effect.input, machineValue) as never;
      const context = this.#contextOf(attempt);
      if (typeof implementation === 'function') {
        const call = (): unknown => implementation(input, context);
        outcome = outcomeOf(effect.src, max, await withinSpan(attempt, call), null);
      } else {
        const planned = await withinSpan(attempt, () => implementation.plan(input, context));
        check(planned, WRITE_PLAN, `plan of ${effect.src}`, 'definition-invalid');
        outcome = outcomeOf(effect.src, max, planned.output, planned);
        if (outcome.kind === 'done') plan = planned;
      }
    } catch (thrown) {
      outcome = { kind: 'failed', failure: failureOf(task, thrown) };
    }
    if (this.#running.get(name) !== attempt) {
      // The attempt was stopped meanwhile: a plan was never written, a failure proves nothing.
      if (outcome.kind === 'done' && plan === null && !this.#isStopped) {
        this.#reports.onLate(task, outcome);
      }
      return;
    }
    const durationMs = this.#clock.nowMs() - attempt.startedAtMs;
    this.#durations.note(durationMs);
    this.#reports.onAnswer?.(task, durationMs);
    this.#release(name, attempt);
    attempt.span?.end(outcome);
    this.#reports.onOutcome(task, outcome, plan);
  }

  #contextOf(attempt: Attempt): ActivityContext {
    const { task, controller } = attempt;
    const { key, forwardKey, step, attempt: number, late } = task.effect;
    return {
      key,
      forwardKey,
      sagaId: task.sagaId,
      step,
      attempt: number,
      nowMs: this.#clock.nowMs(),
      late,
      heartbeat: () => {
        if (attempt.cancelSilence !== null) this.#awaitHeartbeat(attempt);
      },
      signal: controller.signal,
      traceparent: attempt.span === null ? task.trace : attempt.span.traceparent,
    };
  }

  #awaitHeartbeat(attempt: Attempt): void {
    const { task } = attempt;
    const { timeout } = task.effect;
    attempt.cancelSilence?.();
    attempt.cancelSilence = null;
    if (timeout === null || timeout.heartbeatMs === null) return;
    attempt.cancelSilence = this.#clock.after(timeout.heartbeatMs, () => {
      attempt.cancelSilence = null;
      attempt.cancelTimeout?.(); // one report is enough
      this.#timeOut(attempt, timeout.timer);
    });
  }

  #timeOut({ task, span }: Attempt, timer: string): void {
    span?.end({ kind: 'timed-out' });
    this.#reports.onTimeout(task, timer);
  }

  #release(name: string, attempt: Attempt): void {
    attempt.cancelTimeout?.();
    attempt.cancelSilence?.();
    attempt.cancelSilence = null;
    this.#running.delete(name);
    const next = this.#isStopped ? undefined : this.#waiting.take();
    if (next !== undefined) this.#dispatch(...next);
    if (this.#running.size === 0) this.#onIdle?.();
  }
}

function withinSpan<Result>({ span }: Attempt, call: () => Result): Result {
  return span === null ? call() : span.run(call);
}

/** An attempt as its span names it. */
export function tracedTask({ type, sagaId, trace, effect }: AttemptTask): TracedAttempt {
  const { step, direction, src: activity, attempt, key } = effect;
  return { type, sagaId, trace, step, direction, activity, attempt, key };
}

function nameOf(run: number, activity: string, token: number): string {
  return `${run}/${activity}/${token}`;
}
