/**
 * Why a saga stands where it stands, as `GET /api/sagas/{id}/why` says it: what it waits for, what
 * failed last, what is owed, what a person may do.
 *
 * Pure projections of what `explain/` and the ledger tell; nothing here decides.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { isoTime } from '../../core/iso-time.ts';
import type { SagaState, StepEntry } from '../../core/state.ts';
import { deadLetterContents } from '../../core/turn/dead-letter.ts';
import { legalCommands, legalEvents } from '../../core/turn/legal.ts';
import { scopeInWords } from '../../explain/command-scope.ts';
import { nextInWords } from '../../explain/next-words.ts';
import { outlookOf, type Prospect } from '../../explain/outlook.ts';
import { sentenceText } from '../../explain/sentence.ts';
import type { JournalEntry, SagaSummary } from '../../store/read-models.ts';
import { pathOf, transitionView } from './saga-answers.ts';

/** What the answer is made of. */
export interface SagaReasons {
  readonly saga: SagaSummary;
  readonly state: SagaState;
  readonly definition: SagaDefinition | undefined;
  /** The last line of its journal. */
  readonly last: JournalEntry | undefined;
}

/** The answer. */
export function whyView({ saga, state, definition, last }: SagaReasons): object {
  const { error: _, ...letter } = deadLetterContents(state);
  const name = `${saga.type} ${saga.key ?? saga.id}`;
  return {
    ...frameOf(saga, last),
    status: state.status,
    seq: state.seq,
    state: pathOf(state),
    next: sentenceText(nextInWords(definition, state)),
    waitsFor: [
      ...(definition === undefined ? [] : outlookOf(definition, state).map(prospectView)),
      ...legalEvents(state).map((event) => ({ ...NOTHING_KNOWN, kind: 'event', name: event })),
    ],
    failure: state.parkReason ?? state.failureReason ?? null,
    lastError: lastErrorOf(state),
    ...letter,
    may: legalCommands(state).map((command) => ({
      command,
      does: scopeInWords({ name, state }, command),
    })),
  };
}

/** The same of a saga whose stored state cannot be read here. */
export function unreadableWhyView(
  saga: SagaSummary,
  reason: string,
  last: JournalEntry | undefined,
): object {
  return {
    ...frameOf(saga, last),
    state: null,
    next: `Its stored state cannot be read: ${reason}`,
    waitsFor: [],
    failure: null,
    lastError: null,
    done: [],
    maybe: [],
    compensated: [],
    outstanding: [],
    may: [],
  };
}

function frameOf(saga: SagaSummary, last: JournalEntry | undefined): object {
  const { id, key, type, version, seq, status, updatedAtMs } = saga;
  const since = isoTime(updatedAtMs);
  const lastTurn = last === undefined ? null : lastTurnView(last);
  return { id, key, type, version, seq, status, since, lastTurn };
}

function lastTurnView(last: JournalEntry): object {
  const { kind: _, cause: __, status: ___, ...turn } = transitionView(last);
  return turn;
}

const NOTHING_KNOWN = { step: null, attempt: null, budget: null, dueAt: null, childId: null };

function prospectView(prospect: Prospect): object {
  switch (prospect.kind) {
    case 'attempt': {
      const { activity, step, attempt, budget, childId } = prospect;
      const kind = childId === null ? 'attempt' : 'child';
      return { ...NOTHING_KNOWN, kind, name: activity, step, attempt, budget, childId };
    }
    case 'retry': {
      const { kind, activity, attempt, budget, dueMs } = prospect;
      return { ...NOTHING_KNOWN, kind, name: activity, attempt, budget, dueAt: isoTime(dueMs) };
    }
    case 'timer': {
      const { kind, delay, dueMs } = prospect;
      return { ...NOTHING_KNOWN, kind, name: delay, dueAt: isoTime(dueMs) };
    }
  }
}

/** The failure that happened last, of a step or of its compensation, whatever came of it since. */
function lastErrorOf({ steps }: SagaState): object | null {
  const failed = inOrder(steps).filter(({ side }) => side.error !== undefined);
  const last = failed.toSorted((one, other) => atMsOf(one.side) - atMsOf(other.side)).at(-1);
  if (last === undefined) return null;
  const { step, activity, side } = last;
  return {
    step,
    activity,
    attempts: side.attempts,
    at: isoTime(side.endedAtMs ?? null),
    error: side.error,
    mayHaveHappened: side.mayHaveHappened ?? false,
  };
}

type Side = Pick<
  StepEntry,
  'attempts' | 'startedAtMs' | 'endedAtMs' | 'error' | 'mayHaveHappened' | 'nextAttemptAtMs'
>;

interface OneWay {
  readonly step: string;
  readonly activity: string;
  readonly side: Side;
}

/** As they went where it all was in one millisecond: forward, then back in reverse. */
function inOrder(steps: readonly StepEntry[]): readonly OneWay[] {
  const back = steps.flatMap(({ name, compensation }): readonly OneWay[] =>
    compensation === undefined
      ? []
      : [{ step: name, activity: compensation.name, side: compensation }],
  );
  return [
    ...steps.map((step) => ({ step: step.name, activity: step.name, side: step })),
    ...back.toReversed(),
  ];
}

// When an attempt failed is not kept: it is before the next one, and after the first.
function atMsOf({ endedAtMs, nextAttemptAtMs, startedAtMs }: Side): number {
  return endedAtMs ?? nextAttemptAtMs ?? startedAtMs;
}
