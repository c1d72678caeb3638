/**
 * How a turn changes the ledger: from what it took in and what it commands, for builder sagas and
 * hand-written machines alike.
 *
 * Invariant: entries are only ever added or changed, never moved or removed.
 */
import type { SagaDefinition } from '../define/definition.ts';
import { ATTEMPT_TIMED_OUT, plainFailure } from '../failure.ts';
import { probeAnswerOf } from './probe.ts';
import type { Inbound, AttemptOutcome } from './inbound.ts';
import { presentEntry } from './ledger.ts';
import { type Ending, mayHaveEnded } from './live.ts';
import type {
  Direction,
  Live,
  LiveActivity,
  SagaState,
  StepEntry,
  StepProgress,
} from '../state.ts';

/** What ended attempts in this turn. */
export interface Endings extends Ending {
  readonly nowMs: number;
}

/** Left without an answer: nobody knows whether it happened. */
const LEFT_BEHIND: AttemptOutcome = {
  kind: 'failed',
  failure: {
    code: 'left-behind',
    message: 'the saga moved on before the attempt answered',
    retryable: false,
    ambiguous: true,
  },
};

/** The ledger with nothing but the answer in it that the inbound brings to a live attempt. */
export function withAnswer(
  definition: SagaDefinition,
  { steps, live }: Pick<SagaState, 'steps' | 'live'>,
  inbound: Inbound,
  nowMs: number,
): readonly StepEntry[] {
  const answered = answeredActivity(definition, inbound);
  const activity = answered === null ? undefined : live.activities[answered.id];
  if (answered === null || activity === undefined) return steps;
  return replaceEntry(steps, activity, (entry) =>
    endAttempt(entry, activity, answered.ending, nowMs),
  );
}

/** The ledger once the turn's endings are in it; the same array when there are none. */
export function endAttempts(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  endings: Endings,
): readonly StepEntry[] {
  let next = steps;
  const answered = answeredActivity(definition, endings.inbound);
  const { before, kept } = endings;
  for (const id of mayHaveEnded(endings)) {
    const activity = before.activities[id];
    if (activity === undefined || kept.activities[id]?.token === activity.token) continue;
    if (activity.hasFailed ?? activity.isListener) continue; // it has ended already, or is no attempt
    const ending = answered?.id === id ? answered.ending : LEFT_BEHIND;
    next = replaceEntry(next, activity, (entry) =>
      endAttempt(entry, activity, ending, endings.nowMs),
    );
  }
  return next;
}

/** The turn that starts attempts. */
export interface Beginning {
  /** The saga's own `seq` of the turn. */
  readonly token: number;
  readonly nowMs: number;
  /** Of the machine, after the turn. */
  readonly context: unknown;
}

/** The ledger with the turn's new attempts and retry delays in it. */
export function beginAttempts(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  live: Live,
  beginning: Beginning,
): readonly StepEntry[] {
  let next = steps;
  for (const id in live.activities) {
    const activity = live.activities[id];
    if (activity?.token !== beginning.token || activity.isListener === true) continue;
    next = beginAttempt(definition, next, id, activity, beginning);
  }
  return settleRetries(definition, next, live);
}

function answeredActivity(
  definition: SagaDefinition,
  inbound: Inbound,
): { readonly id: string; readonly ending: AttemptOutcome } | null {
  if (inbound.kind === 'result') {
    const { activity, outcome } = inbound;
    return { id: activity, ending: outcome };
  }
  if (inbound.kind === 'timer') {
    const role = definition.timers.get(inbound.timer);
    if (role?.kind !== 'attempt-timeout') return null;
    return { id: role.activity, ending: { kind: 'failed', failure: ATTEMPT_TIMED_OUT } };
  }
  return null;
}

function replaceEntry(
  steps: readonly StepEntry[],
  { step, occurrence }: LiveActivity,
  change: (entry: StepEntry) => StepEntry,
): readonly StepEntry[] {
  return steps.map((entry) =>
    entry.name === step && entry.occurrence === occurrence ? change(entry) : entry,
  );
}

function endAttempt(
  entry: StepEntry,
  activity: LiveActivity,
  ending: AttemptOutcome,
  nowMs: number,
): StepEntry {
  if (activity.direction === 'probe') return endProbe(entry, ending, nowMs);
  const { gaveUp } = ending;
  if (activity.direction === 'forward') {
    const progress = endProgress(entry, ending, nowMs);
    const ended = { ...entry, ...progress, ...(gaveUp === undefined ? {} : { gaveUp }) };
    if (ending.kind === 'done') return { ...ended, status: 'completed' };
    return { ...ended, status: progress.mayHaveHappened === true ? 'in_doubt' : 'failed' };
  }
  if (entry.compensation === undefined) return entry;
  const isDone = ending.kind === 'done';
  const ended = endProgress(entry.compensation, ending, nowMs);
  const compensation = {
    ...entry.compensation,
    ...ended,
    status: isDone ? ('completed' as const) : ('failed' as const),
  };
  if (!isDone) return { ...entry, status: 'compensation_failed', compensation };
  // A child saga that could not be undone as a whole, and that a person left so.
  if (gaveUp !== undefined) return { ...entry, status: 'skipped', skip: gaveUp, compensation };
  return { ...entry, status: 'compensated', compensation };
}

// Unknown stays in doubt. How a compensation came out, and a person's word on that, stands.
function endProbe(entry: StepEntry, ending: AttemptOutcome, nowMs: number): StepEntry {
  const answer = ending.kind === 'done' ? probeAnswerOf(ending.output) : 'unknown';
  if (answer === 'unknown') return entry;
  const { mayHaveHappened: _, ...known } = entry;
  if (entry.compensation !== undefined) return known;
  return { ...known, status: answer === 'happened' ? 'completed' : 'failed', endedAtMs: nowMs };
}

function endProgress(progress: StepProgress, ending: AttemptOutcome, nowMs: number): StepProgress {
  const { attempts, startedAtMs, mayHaveHappened } = progress;
  const ended = { attempts, startedAtMs, endedAtMs: nowMs };
  if (ending.kind === 'done') return ended;
  const { failure } = ending;
  const hasEffect = !('kind' in progress) || progress.kind !== 'read-only';
  const isDoubtful = hasEffect && (mayHaveHappened === true || failure.ambiguous);
  return {
    ...ended,
    error: plainFailure(failure),
    ...(isDoubtful ? { mayHaveHappened: true } : {}),
  };
}

function beginAttempt(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  id: string,
  activity: LiveActivity,
  { nowMs, context }: Beginning,
): readonly StepEntry[] {
  const { step, direction, occurrence, attempt, childId } = activity;
  const known = steps.some((entry) => entry.name === step && entry.occurrence === occurrence);
  if (direction === 'forward' && !known) {
    const kind = definition.invokes.get(id)?.kind ?? 'compensatable';
    const born = { name: step, kind, occurrence, attempts: 1, startedAtMs: nowMs };
    const round = definition.roundOf?.(context, step);
    const loop = round === undefined ? {} : { round };
    const child = childId === undefined ? {} : { childId };
    return [...steps, { ...born, ...loop, ...child, status: 'running' }];
  }
  return replaceEntry(steps, activity, (entry) => {
    if (direction === 'probe') return { ...entry, probes: attempt };
    if (direction === 'forward') {
      const { name, kind } = entry;
      const kept = {
        ...(entry.keyName === undefined ? {} : { keyName: entry.keyName }),
        ...(entry.round === undefined ? {} : { round: entry.round }),
        ...(entry.childId === undefined ? {} : { childId: entry.childId }),
        ...(entry.late === undefined ? {} : { late: entry.late }),
      };
      const progress = restartProgress(entry, attempt);
      return { name, kind, occurrence, ...kept, ...progress, status: 'running' };
    }
    const progress = entry.compensation ?? { attempts: 0, startedAtMs: nowMs };
    return {
      ...entry,
      status: 'compensating',
      compensation: { ...restartProgress(progress, attempt), name: id, status: 'running' },
    };
  });
}

function restartProgress(progress: StepProgress, attempt: number): StepProgress {
  const { startedAtMs, error, mayHaveHappened } = progress;
  return {
    attempts: attempt,
    startedAtMs,
    ...(error === undefined ? {} : { error }),
    ...(mayHaveHappened === undefined ? {} : { mayHaveHappened }),
  };
}

/**
 * The ledger with the retry delays in it: a failed attempt whose delay runs is retrying; when the
 * delay is gone without a new attempt, it failed after all.
 */
export function settleRetries(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  live: Live,
): readonly StepEntry[] {
  const delays = retryDelays(definition, steps, live);
  if (delays.length === 0 && !steps.some(isRetrying)) return steps;
  return steps.map((entry) => {
    const dueMsOf = (direction: Direction): number | undefined =>
      delays.find((delay) => delay.entry === entry && delay.direction === direction)?.dueMs;
    if (entry.status === 'failed' || entry.status === 'in_doubt' || entry.status === 'retrying') {
      return settleForward(entry, dueMsOf('forward'));
    }
    return settleCompensation(entry, dueMsOf('compensate'));
  });
}

function settleForward(entry: StepEntry, dueMs: number | undefined): StepEntry {
  if (dueMs !== undefined) {
    const { endedAtMs: _, ...open } = entry;
    return { ...open, status: 'retrying', nextAttemptAtMs: dueMs };
  }
  if (entry.status !== 'retrying') return entry;
  const { nextAttemptAtMs: _, ...over } = entry;
  return { ...over, status: entry.mayHaveHappened === true ? 'in_doubt' : 'failed' };
}

function settleCompensation(entry: StepEntry, dueMs: number | undefined): StepEntry {
  const { compensation } = entry;
  if (compensation === undefined || entry.status === 'compensated') return entry;
  if (entry.status === 'skipped') return entry; // given up while it waited for its next attempt
  if (dueMs !== undefined && compensation.status === 'failed') {
    const { endedAtMs: _, ...open } = compensation;
    const waiting = { ...open, status: 'retrying' as const, nextAttemptAtMs: dueMs };
    return { ...entry, status: 'compensating', compensation: waiting };
  }
  if (dueMs !== undefined || compensation.status !== 'retrying') return entry;
  const { nextAttemptAtMs: _, ...over } = compensation;
  return { ...entry, status: 'compensation_failed', compensation: { ...over, status: 'failed' } };
}

function isRetrying(entry: StepEntry): boolean {
  return entry.status === 'retrying' || entry.compensation?.status === 'retrying';
}

interface RetryDelay {
  readonly entry: StepEntry | undefined;
  readonly direction: Direction;
  readonly dueMs: number;
}

function retryDelays(
  definition: SagaDefinition,
  steps: readonly StepEntry[],
  live: Live,
): readonly RetryDelay[] {
  const delays: RetryDelay[] = [];
  for (const id in live.timers) {
    const dueMs = live.timers[id]?.dueMs;
    const role = definition.timers.get(id);
    if (role?.kind !== 'retry' || dueMs === undefined) continue;
    const invoke = definition.invokes.get(role.activity);
    if (invoke === undefined || invoke.direction === 'probe') continue; // in doubt all the while
    const { step, direction } = invoke;
    delays.push({ entry: presentEntry(steps, step, direction), direction, dueMs });
  }
  return delays;
}
