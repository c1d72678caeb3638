/**
 * The words for where a saga and a step stand, and what follows from them.
 */

/** Where a saga stands. */
export type SagaStatus =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'compensating'
  | 'completed'
  | 'compensated'
  | 'compensation_failed'
  | 'failed'
  | 'parked'
  | 'terminated';

/** Where a saga stands that is settled: see `isSettled`. */
export type SettledStatus =
  'completed' | 'compensated' | 'terminated' | 'compensation_failed' | 'failed' | 'parked';

/** Where one step stands. */
export type StepStatus =
  | 'pending'
  | 'running'
  | 'retrying'
  | 'in_doubt'
  | 'completed'
  | 'failed'
  | 'compensating'
  | 'compensated'
  | 'compensation_failed'
  | 'skipped';

/**
 * What a step is to its saga; see the taxonomy of Garcia-Molina & Salem 1987 and Richardson. A
 * read-only one has no effect, so nothing is ever owed for it, nor in doubt.
 */
export const STEP_KINDS = ['compensatable', 'pivot', 'retriable', 'read-only'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** How the compensation came out; `null` while there is nothing to say. */
export type CompensationOutcome = 'complete' | 'partial' | 'failed';

/** Every saga status, in the order a list shows them. */
export const SAGA_STATUSES: readonly SagaStatus[] = [
  'running',
  'waiting',
  'paused',
  'compensating',
  'completed',
  'compensated',
  'compensation_failed',
  'failed',
  'parked',
  'terminated',
];

/** Nothing more happens by itself and nobody needs to act. */
export function isEnded(status: SagaStatus): boolean {
  return status === 'completed' || status === 'compensated' || status === 'terminated';
}

/** Given up on by the engine: a person decides. */
export function needsPerson(status: SagaStatus): boolean {
  return status === 'compensation_failed' || status === 'failed' || status === 'parked';
}

/** Ended, or needs a person: waiting callers are answered. */
export function isSettled(status: SagaStatus): status is SettledStatus {
  return isEnded(status) || needsPerson(status);
}

/** It is settled now and was not before; `undefined`: it was not there. */
export function isNewlySettled(before: SagaStatus | undefined, after: SagaStatus): boolean {
  return isSettled(after) && (before === undefined || !isSettled(before));
}

/** How many there are of all statuses. */
export function totalOf(counts: Readonly<Record<SagaStatus, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
