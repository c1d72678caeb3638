/**
 * What a person is told of a saga that the engine gave up on: what is done, maybe done, undone and
 * outstanding, read from its ledger. Pure.
 */
import type { Failure } from '../failure.ts';
import type { SagaState, StepEntry } from '../state.ts';
import { isDoubtful, isOwed, isPastPivot, isUndone, presentEntry } from './ledger.ts';

/** What a dead letter says: steps by name, in order of their start unless said otherwise. */
export interface DeadLetterContents {
  /** Steps whose effect stands. */
  readonly done: readonly string[];
  /** Steps whose effect may have happened. */
  readonly maybe: readonly string[];
  readonly compensated: readonly string[];
  /**
   * What is left to do, first things first: compensations that are owed, or past the pivot the
   * steps that are not done.
   */
  readonly outstanding: readonly string[];
  readonly error: Failure | null;
}

/** What is done, maybe done, compensated and outstanding in a saga that was given up on. */
export function deadLetterContents({
  steps,
  parkReason,
  failureReason,
}: Pick<SagaState, 'steps' | 'parkReason' | 'failureReason'>): DeadLetterContents {
  const failedCompensation = steps.find((step) => step.status === 'compensation_failed');
  return {
    ...contentsOfSteps(steps),
    ...(isPastPivot(steps) ? { outstanding: undoneIn(steps) } : {}),
    error: parkReason ?? failedCompensation?.compensation?.error ?? failureReason,
  };
}

/** The same of a saga whose stored text cannot be read: as far as its ledger can be made out. */
export function unreadableContents(text: string, error: Failure): DeadLetterContents {
  return { ...contentsOfSteps(readableSteps(text)), error };
}

function contentsOfSteps(steps: readonly StepEntry[]): Omit<DeadLetterContents, 'error'> {
  const named = (isMember: (step: StepEntry) => boolean): string[] =>
    steps.filter(isMember).map((step) => step.name);
  return {
    done: named((step) => isOwed(step) && !isDoubtful(step)),
    maybe: named((step) => isOwed(step) && isDoubtful(step)),
    compensated: named((step) => step.status === 'compensated'),
    outstanding: named(isOwed).toReversed(),
  };
}

// What a retry or another round did again stands as its last start does, whatever came before.
function undoneIn(steps: readonly StepEntry[]): readonly string[] {
  const isLeft = (step: StepEntry): boolean =>
    (isUndone(step) || step.status === 'running') &&
    presentEntry(steps, step.name, 'forward') === step;
  return steps.filter(isLeft).map((step) => step.name);
}

// Of a text that cannot be read as a whole, the steps may still be readable.
function readableSteps(text: string): readonly StepEntry[] {
  try {
    const { steps = [] } = JSON.parse(text) as Partial<Pick<SagaState, 'steps'>>;
    return steps.filter((step) => typeof step.name === 'string');
  } catch {
    return []; // damaged: nothing can be said
  }
}
