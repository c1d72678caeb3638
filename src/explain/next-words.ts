/**
 * What a saga is doing and what happens next, as one sentence.
 *
 * Pure.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { deadLetterContents } from '../core/turn/dead-letter.ts';
import { moveIn } from '../core/turn/kept-text/moved.ts';
import { legalEvents } from '../core/turn/legal.ts';
import { isOver, type SagaState, type StepEntry } from '../core/state.ts';
import { presentEntry } from '../core/turn/ledger.ts';
import { forwardStatusOf } from '../core/turn/skip.ts';
import { pendingStartOf } from '../core/turn/waiting-room.ts';
import { outlookOf, type Prospect } from './outlook.ts';
import { joined, type Sentence } from './sentence.ts';

/** The sentence. `definition` undefined: its version is not registered here. */
export function nextInWords(definition: SagaDefinition | undefined, state: SagaState): Sentence {
  const move = moveIn(state.parkReason);
  if (move !== null) return [movedInWords(move, state.parkReason?.message ?? '')];
  switch (state.status) {
    case 'running':
    case 'compensating':
    case 'waiting':
      return busyInWords(definition, state);
    case 'paused':
      return ['It is paused: it stands still until a person resumes it.'];
    case 'completed':
      return ['All steps are done.'];
    case 'compensated':
      return ['What was done is compensated.'];
    case 'compensation_failed':
      return isOver(state)
        ? [`It ended with ${givenUp(state)} left uncompensated: a person accepted that.`]
        : [`${failedCompensation(state)} A person decides.`];
    case 'failed':
      return isOver(state)
        ? [`It ended with ${givenUp(state)} left undone: a person accepted that.`]
        : [`${failedForward(state)} A person decides.`];
    case 'parked':
      return [`The engine cannot go on: ${state.parkReason?.message ?? 'no reason recorded'}.`];
    case 'terminated':
      return ['It was stopped without compensating.'];
  }
}

function movedInWords(move: 'moving' | 'moved', message: string): string {
  return move === 'moved'
    ? `It was moved ${message}: ask there.`
    : `It stands still, because ${message}.`;
}

/** "attempt 2 of 5", or "attempt 2" where nothing says how many there are. */
export function attemptInWords(attempt: number, budget: number | null): string {
  return budget === null ? `attempt ${attempt}` : `attempt ${attempt} of ${budget}`;
}

/** A prospect in words: "refundPayment, attempt 2 of 5, in 1.3 s". */
export function prospectInWords(prospect: Prospect): Sentence {
  switch (prospect.kind) {
    case 'attempt': {
      const { attempt, budget, childId, dispatches } = prospect;
      const again = dispatches > 1 ? `, started ${dispatches} times` : '';
      return [
        { name: prospect.activity },
        childId === null
          ? `, ${attemptInWords(attempt, budget)}, is running${again}`
          : ', a saga of its own, is running',
      ];
    }
    case 'retry': {
      const { activity, attempt, budget, dueMs } = prospect;
      return [{ name: activity }, `, ${attemptInWords(attempt, budget)}, `, { dueMs }];
    }
    case 'timer':
      return [{ name: prospect.delay }, ' ', { dueMs: prospect.dueMs }];
  }
}

function busyInWords(definition: SagaDefinition | undefined, state: SagaState): Sentence {
  const start = pendingStartOf(state);
  if (start?.kind === 'scheduled') return ['It begins ', { dueMs: start.startAtMs }, '.'];
  if (start !== null) return ['It waits for a place among the sagas of its type.'];
  if (definition === undefined) return ['Its version is not registered here.'];
  const prospects = outlookOf(definition, state);
  const moves = prospects.filter(({ kind }) => kind !== 'timer');
  const events = legalEvents(state);
  // What else is due is told apart, unless nothing else would happen.
  const told = moves.length > 0 ? moves : prospects.slice(0, 1);
  const waits: readonly Sentence[] =
    moves.length === 0 && events.length > 0 ? [['it waits for ', ...orList(events)]] : [];
  const parts = [...waits, ...told.map(prospectInWords)];
  if (parts.length === 0) return ['It waits for a person.'];
  return ['Next: ', ...joined(parts, '; ')];
}

function orList(names: readonly string[]): Sentence {
  return joined(
    names.map((name) => [{ name }]),
    ' or ',
  );
}

function failedCompensation({ steps }: SagaState): string {
  for (const { compensation } of steps) {
    if (compensation?.status !== 'failed') continue;
    return `${compensation.name} gave up after ${countInWords(compensation.attempts)}.`;
  }
  return 'A compensation gave up.';
}

function failedForward(state: SagaState): string {
  const { outstanding } = deadLetterContents(state);
  const left = outstanding.length === 0 ? '' : ` Not done: ${outstanding.join(', ')}.`;
  return `It failed after its point of no return.${left}`;
}

/** The steps that a person gave up, or whose compensation a person gave up. */
function givenUp({ status, steps }: SagaState): string {
  const isMeant = (entry: StepEntry): boolean =>
    entry.status === 'skipped' &&
    (status === 'failed' || forwardStatusOf(entry) !== 'skipped') &&
    presentEntry(steps, entry.name, 'forward') === entry;
  const names = steps.filter(isMeant).map((entry) => entry.name);
  return names.length === 0 ? 'something' : names.join(', ');
}

function countInWords(attempts: number): string {
  return attempts === 1 ? 'one attempt' : `${attempts} attempts`;
}
