/**
 * The ledger: what was started, how it stands, what may have happened. The one place that decides
 * what is owed, for builder sagas and hand-written machines, for turns, pages and dead letters.
 *
 * Pure questions about the entries; ledger-turn.ts is how a turn changes them.
 *
 * Invariant: entries are only ever added, in order of recorded start; that order, reversed, is the
 * order of compensation.
 */
import type { Direction, StepEntry } from '../state.ts';

/** The ledger as a machine may read it within a turn, see `Self`. */
export type Ledger = () => readonly StepEntry[];

/** The effect of the step exists or may exist, and was neither undone nor given up. */
export function isOwed({ kind, status, mayHaveHappened }: StepEntry): boolean {
  if (kind === 'read-only') return false;
  switch (status) {
    case 'compensated':
    case 'skipped':
    case 'pending':
      return false;
    case 'failed':
    case 'retrying':
      return mayHaveHappened === true;
    case 'running':
    case 'in_doubt':
    case 'completed':
    case 'compensating':
    case 'compensation_failed':
      return true;
  }
}

/** The step itself failed, or nobody knows whether it happened: forward it is not done. */
export function isUndone({ status }: StepEntry): boolean {
  return status === 'failed' || status === 'in_doubt' || status === 'retrying';
}

/** Nobody knows whether the effect of the step exists: it is under way, or was left so. */
export function isDoubtful({ status, mayHaveHappened }: StepEntry): boolean {
  return status === 'in_doubt' || status === 'running' || mayHaveHappened === true;
}

/**
 * The entry that a new attempt of the step concerns: forward the last one; to undo, the last one
 * that is owed. A loop is so undone run by run, the last one first.
 */
export function presentEntry(
  steps: readonly StepEntry[],
  step: string,
  direction: Direction,
): StepEntry | undefined {
  const last = steps.findLast((entry) => entry.name === step);
  if (direction !== 'compensate') return last;
  return steps.findLast((entry) => entry.name === step && isOwed(entry)) ?? last;
}

/**
 * The saga goes forward only from here: nothing of it will be compensated. Without a pivot that is
 * so from the start of the first retriable step on.
 */
export function isPastPivot(steps: readonly StepEntry[]): boolean {
  const hasPivot = steps.some(({ kind }) => kind === 'pivot');
  return steps.some(({ kind, status }) => {
    if (kind === 'retriable') return !hasPivot || status === 'completed';
    return kind === 'pivot' && status === 'completed';
  });
}

/** True once a person gave up a step or a compensation of this saga, or of one of its children. */
export function wasGivenUp(steps: readonly StepEntry[]): boolean {
  return steps.some(({ status, gaveUp }) => status === 'skipped' || gaveUp !== undefined);
}
