/**
 * A saga as the API shows it: names and times as in the contract, secrets hidden.
 *
 * Pure projections of states and read models; nothing here reads or decides.
 */
import type { StateValue } from 'xstate';
import type { SagaDefinition } from '../core/definition.ts';
import { compensationOutcomeOf } from '../core/saga-status.ts';
import { statePath } from '../core/state-path.ts';
import type { SagaState, StepEntry, StepProgress } from '../core/state.ts';
import { legalEvents } from '../core/legal.ts';
import type { DeadLetter, FeedEntry, JournalEntry, SagaSummary } from '../store/read-models.ts';
import { isJsonObject } from './body.ts';
import { isoTime } from './query.ts';
import { redact } from './redact.ts';

/** A line of `GET /api/sagas`. */
export function summaryView(saga: SagaSummary): object {
  const { startedAtMs, updatedAtMs, endedAtMs, ...rest } = saga;
  return {
    ...rest,
    startedAt: isoTime(startedAtMs),
    updatedAt: isoTime(updatedAtMs),
    endedAt: isoTime(endedAtMs),
  };
}

/** The answer of `GET /api/sagas/{id}`; `seq` is the number for compare-and-set. */
export function sagaView(
  saga: SagaSummary,
  state: SagaState,
  definition: SagaDefinition | undefined,
  legalCommands: readonly string[],
): object {
  return {
    id: saga.id,
    key: saga.key,
    type: saga.type,
    version: saga.version,
    seq: state.seq,
    status: state.status,
    state: pathOf(state),
    context: redact(state.snapshot.context),
    steps: allSteps(definition, state.steps).map(stepView),
    failureReason: state.failureReason,
    parkReason: state.parkReason,
    compensationOutcome: compensationOutcomeOf(state.status, state.steps),
    awaiting: awaitingView(state),
    legalCommands,
    startedAt: isoTime(saga.startedAtMs),
    updatedAt: isoTime(saga.updatedAtMs),
    endedAt: isoTime(saga.endedAtMs),
  };
}

/** A saga whose stored state this program cannot read: what the row alone tells. */
export function unreadableView(saga: SagaSummary, reason: string): object {
  return { ...summaryView(saga), state: null, context: null, steps: [], unreadable: reason };
}

/** A step that was started, or one that is still ahead. */
export type ShownStep = StepEntry | PendingStep;

export interface PendingStep {
  readonly name: string;
  readonly kind: StepEntry['kind'];
  readonly status: 'pending';
  readonly attempts: 0;
}

/** What was started, in order of start, then what is still ahead, in the order of the definition. */
function allSteps(
  definition: SagaDefinition | undefined,
  started: readonly StepEntry[],
): readonly ShownStep[] {
  const ahead = (definition?.steps ?? []).filter(
    ({ name }) => !started.some((entry) => entry.name === name),
  );
  return [...started, ...ahead.map(({ name, kind }) => pendingStep(name, kind))];
}

/** Every step of the definition in its order, each with its last occurrence. */
export function definedSteps(
  definition: SagaDefinition | undefined,
  started: readonly StepEntry[],
): readonly ShownStep[] {
  if (definition === undefined) return started;
  return definition.steps.map(
    ({ name, kind }) => started.findLast((entry) => entry.name === name) ?? pendingStep(name, kind),
  );
}

/** Where the saga stands in its machine, such as `forward.processPayment.running`. */
export function pathOf({ snapshot }: SagaState): string {
  return statePath(snapshot.value as StateValue); // XState's type for any machine says `any`
}

/** The output that a saga built from steps keeps of one of them; `undefined` when there is none. */
export function outputOf(state: SagaState, step: string): unknown {
  const context: unknown = state.snapshot.context;
  const results = isJsonObject(context) ? context['results'] : undefined;
  return isJsonObject(results) && Object.hasOwn(results, step) ? results[step] : undefined;
}

/** The input that a saga built from steps keeps. */
export function inputOf(state: SagaState): unknown {
  const context: unknown = state.snapshot.context;
  return isJsonObject(context) ? (context['input'] ?? null) : null;
}

/** A line of `GET /api/sagas/{id}/transitions`. */
export function transitionView({ data, ...entry }: JournalEntry): object {
  const stored: unknown = parseStored(data);
  const note = isJsonObject(stored) && typeof stored['note'] === 'string' ? stored['note'] : null;
  return {
    seq: entry.sagaSeq,
    at: isoTime(entry.atMs),
    kind: entry.kind,
    cause: entry.cause,
    event: entry.event,
    from: entry.from,
    to: entry.to,
    status: entry.status,
    ...(note === null ? {} : { note }),
  };
}

/** A message of the live feed. `seq` counts within the saga; `cursor` is opaque to clients. */
export function feedMessage(entry: FeedEntry): object {
  return {
    cursor: String(entry.seq),
    saga: entry.sagaId,
    type: entry.type,
    seq: entry.sagaSeq,
    time: isoTime(entry.atMs),
    kind: entry.kind,
    cause: entry.cause,
    event: entry.event,
    from: entry.from,
    to: entry.to,
    status: entry.status,
  };
}

/** A line of `GET /api/dead-letters`. */
export function deadLetterView(letter: DeadLetter, nowMs: number): object {
  const content = redact(parseStored(letter.letter));
  return {
    id: letter.id,
    sagaId: letter.sagaId,
    type: letter.type,
    key: letter.key,
    status: letter.kind,
    ...(isJsonObject(content) ? content : {}),
    openedAt: isoTime(letter.openedAtMs),
    ageMs: Math.max(0, nowMs - letter.openedAtMs),
  };
}

function stepView(step: ShownStep): object {
  const { name, kind, status } = step;
  if (!('startedAtMs' in step)) {
    return { name, kind, status, ...progressView(null), compensation: null };
  }
  const { compensation, occurrence } = step;
  return {
    name,
    kind,
    status,
    occurrence,
    ...progressView(step),
    compensation:
      compensation === undefined
        ? null
        : {
            name: compensation.name,
            status: compensation.status,
            ...progressView(compensation),
          },
  };
}

function progressView(progress: StepProgress | null): object {
  return {
    attempts: progress?.attempts ?? 0,
    startedAt: isoTime(progress?.startedAtMs),
    endedAt: isoTime(progress?.endedAtMs),
    nextAttemptAt: isoTime(progress?.nextAttemptAtMs),
    error: progress?.error ?? null,
    /** An attempt failed in a way that may have had its effect. */
    mayHaveHappened: progress?.mayHaveHappened ?? false,
  };
}

function awaitingView({ live, snapshot, ...rest }: SagaState): object {
  return {
    activities: Object.entries(live.activities).map(([activity, one]) => ({
      activity,
      step: one.step,
      direction: one.direction,
      attempt: one.attempt,
    })),
    timers: Object.entries(live.timers).map(([timer, one]) => ({
      timer,
      dueAt: isoTime(one.dueMs),
    })),
    events: legalEvents({ ...rest, live, snapshot }),
  };
}

function pendingStep(name: string, kind: StepEntry['kind']): PendingStep {
  return { name, kind, status: 'pending', attempts: 0 };
}

function parseStored(text: string): unknown {
  return JSON.parse(text);
}
