/**
 * What a face of sagas tells of them to those who watch from outside: figures, and spans where it is
 * traced. Told of each turn once it is durable, by the one process that made it so.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { INTERRUPTED } from '../../core/failure.ts';
import type { LiveActivity, SagaState } from '../../core/state.ts';
import { traceOf } from '../../core/turn/parent-link.ts';
import { isSettled } from '../../core/status.ts';
import { countedOf } from '../../core/history/counted.ts';
import { keyOf } from '../../core/turn/effects.ts';
import type { AttemptTask } from '../outside/activity-runner.ts';
import type { TakenTurn } from '../turn/taken-turn.ts';
import type { SettledSaga, TracedAttempt, Tracing } from './tracing.ts';
import { TypeCounters } from './type-figures.ts';

/** A turn that is durable, and when its saga was started, milliseconds since 1970. */
export interface TimedTurn extends TakenTurn {
  readonly startedAtMs: number;
}

export class SagaTelemetry {
  readonly counters = new TypeCounters();
  readonly #tracing: Tracing | undefined;

  constructor(tracing: Tracing | undefined) {
    this.#tracing = tracing;
  }

  /** A turn became durable. */
  took(definition: SagaDefinition, turn: TimedTurn): void {
    const { id: type } = definition;
    const counted = countedOf(definition, turn);
    if (counted.length > 0) this.counters.add(type, counted);
    const { after, startedAtMs, record } = turn;
    if (counted.at(-1)?.what === 'settled' && isSettled(after.status)) {
      this.settled({
        type,
        sagaId: after.id,
        trace: traceOf(after),
        status: after.status,
        startedAtMs,
        settledAtMs: record.atMs,
        failure: after.parkReason ?? after.failureReason,
      });
    }
    if (this.#tracing !== undefined) this.#traceInterrupted(type, turn, this.#tracing);
  }

  /** A saga was parked that cannot be read. */
  parked(type: string, startedAtMs: number, atMs: number): void {
    this.counters.settle(type, { status: 'parked', durationMs: atMs - startedAtMs });
  }

  /** An attempt answered. */
  answered({ type, effect: { step, direction } }: AttemptTask, durationMs: number): void {
    this.counters.answer(type, step, direction, durationMs);
  }

  /** A saga settled. */
  settled(saga: SettledSaga): void {
    const { type, status, startedAtMs, settledAtMs } = saga;
    this.counters.settle(type, { status, durationMs: settledAtMs - startedAtMs });
    this.#tracing?.settled(saga);
  }

  #traceInterrupted(type: string, turn: TimedTurn, tracing: Tracing): void {
    const activity = lostAttempt(turn);
    if (activity === null || turn.before === null) return;
    const { steps } = turn.before;
    const { atMs } = turn.record;
    tracing.interrupted(
      lostSpan(type, turn.after, activity),
      startOf(steps, activity) ?? atMs,
      atMs,
    );
  }
}

/** The live attempt that the turn says is lost with the process that made it; `null`: none. */
function lostAttempt({ before, record: { inbound } }: TakenTurn): LiveActivity | null {
  const isLost =
    (inbound.kind === 'interrupted' && inbound.wasClean !== true) ||
    (inbound.kind === 'result' &&
      inbound.outcome.kind === 'failed' &&
      inbound.outcome.failure.code === INTERRUPTED.code);
  if (!isLost) return null;
  const activity = before?.live.activities[inbound.activity];
  if (activity?.token !== inbound.token) return null;
  return activity.childId === undefined && activity.isListener !== true ? activity : null;
}

function lostSpan(type: string, saga: SagaState, activity: LiveActivity): TracedAttempt {
  const { step, direction, src, attempt } = activity;
  return {
    type,
    sagaId: saga.id,
    trace: traceOf(saga),
    step,
    direction,
    activity: src,
    attempt,
    key: keyOf(saga.id, activity),
  };
}

/** When a lost attempt began; `null`: that is not known, since it was not the first one. */
function startOf(
  steps: SagaState['steps'],
  { step, occurrence, direction, attempt, dispatches }: LiveActivity,
): number | null {
  if (attempt > 1 || dispatches > 1) return null;
  const entry = steps.find((each) => each.name === step && each.occurrence === occurrence);
  const progress = direction === 'forward' ? entry : entry?.compensation;
  return direction === 'probe' ? null : (progress?.startedAtMs ?? null);
}
