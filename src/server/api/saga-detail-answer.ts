/**
 * One saga as `GET /api/sagas/{id}` shows it: where it stands, what it waits for, what may be done.
 *
 * Pure projections; nothing here reads or decides. Why it failed and how the compensation came out
 * are two things and stay apart.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { commandChoices } from '../../core/turn/legal-reason.ts';
import { legalCommands, legalEvents } from '../../core/turn/legal.ts';
import { compensationOutcomeOf } from '../../core/machine/saga-status.ts';
import type { SagaState, StepProgress } from '../../core/state.ts';
import { isSettled } from '../../core/status.ts';
import { outcomeOf } from '../../host/outcome.ts';
import type { AuditEntry, JournalEntry, SagaSummary } from '../../store/read-models.ts';
import type { PendingStartRecord } from '../../store/queries/start-reads.ts';
import { isoTime } from '../../core/iso-time.ts';
import { allSteps, noteIn, pathOf, type ShownStep, summaryView } from './saga-answers.ts';

/** What was recorded about a saga beside its state, and what hides secrets in all of it. */
interface Records {
  readonly audit: readonly AuditEntry[];
  readonly notes: readonly JournalEntry[];
}

/** Everything that the view is made of. */
export interface SagaDetails extends Records {
  readonly saga: SagaSummary;
  readonly state: SagaState;
  readonly definition: SagaDefinition | undefined;
  /** Those of `childIdsOf` that exist. */
  readonly children: readonly SagaSummary[];
  readonly pendingStart: PendingStartRecord | null;
}

/** Ids of the sagas that steps of this one started, in order of start. */
export function childIdsOf({ steps }: SagaState): readonly string[] {
  return steps.flatMap(({ childId }) => (childId === undefined ? [] : [childId]));
}

/** The answer of `GET /api/sagas/{id}`; `seq` is the number for compare-and-set. */
export function sagaView(details: SagaDetails): object {
  const { saga, state, definition } = details;
  return {
    id: saga.id,
    key: saga.key,
    type: saga.type,
    version: saga.version,
    seq: state.seq,
    status: state.status,
    state: pathOf(state),
    context: state.snapshot.context as unknown,
    steps: allSteps(definition, state).map((step) => stepView(step)),
    failureReason: state.failureReason,
    parkReason: state.parkReason,
    compensationOutcome: compensationOutcomeOf(state.status, state.steps),
    resolution: resolutionView(state),
    outcome: outcomeView(state),
    parent: state.parent === null ? null : { id: state.parent.sagaId, step: state.parent.step },
    children: childViews(details),
    pendingStart: pendingStartView(details.pendingStart),
    awaiting: awaitingView(state),
    legalCommands: legalCommands(state),
    commands: commandChoices(state),
    ...recordViews(details),
    startedAt: isoTime(saga.startedAtMs),
    updatedAt: isoTime(saga.updatedAtMs),
    endedAt: isoTime(saga.endedAtMs),
  };
}

/** A saga whose stored state this program cannot read: what the row and the records tell. */
export function unreadableView(saga: SagaSummary, reason: string, records: Records): object {
  return {
    ...summaryView(saga),
    state: null,
    context: null,
    steps: [],
    unreadable: reason,
    ...recordViews(records),
  };
}

function stepView(step: ShownStep): object {
  const { name, kind, status } = step;
  if (!('startedAtMs' in step)) {
    return { name, kind, status, ...progressView(null), skip: null, compensation: null };
  }
  const { compensation, occurrence, late } = step;
  return {
    name,
    kind,
    status,
    occurrence,
    ...progressView(step),
    /** What an attempt answered after the saga had given it up. */
    ...(late === undefined ? {} : { late: { at: isoTime(late.atMs), output: late.output } }),
    /** Who gave it or its compensation up; null for a step that was merely not needed. */
    skip: step.skip ?? null,
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

/** How a saga that has not begun waits; `position` 1 is the next of its type to begin. */
function pendingStartView(pending: PendingStartRecord | null): object | null {
  if (pending === null) return null;
  return { startAt: isoTime(pending.startAtMs), position: pending.position };
}

/** How it came out; `null` while it is under way. */
function outcomeView(state: SagaState): object | null {
  const { status } = state;
  if (!isSettled(status)) return null;
  const outcome = outcomeOf(state, status);
  return 'resolution' in outcome ? { ...outcome, resolution: resolutionView(state) } : outcome;
}

function resolutionView({ resolution }: SagaState): object | null {
  if (resolution === null) return null;
  const { atMs, by, reason } = resolution;
  return { at: isoTime(atMs), by, reason };
}

// One that was announced but is not there yet is shown too, without a status.
function childViews({ state, children }: SagaDetails): readonly object[] {
  return state.steps.flatMap(({ childId, name }) => {
    if (childId === undefined) return [];
    const child = children.find(({ id }) => id === childId);
    return [{ id: childId, step: name, type: child?.type ?? null, status: child?.status ?? null }];
  });
}

function awaitingView(state: SagaState): object {
  const { live, early } = state;
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
    events: legalEvents(state),
    /** Came before anybody waited for them, and are kept. */
    earlyEvents: early.map(({ id, event }) => ({ id, type: event.type })),
  };
}

function recordViews({ audit, notes }: Records): object {
  return {
    notes: notes.map(({ sagaSeq, atMs, cause, event, data }) => ({
      seq: sagaSeq,
      at: isoTime(atMs),
      cause,
      event,
      note: noteIn(data),
    })),
    audit: audit.map(({ atMs, sagaSeq, command, by, reason }) => ({
      seq: sagaSeq,
      at: isoTime(atMs),
      command,
      by,
      reason,
    })),
  };
}
