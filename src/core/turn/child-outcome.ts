/**
 * What a child saga is to its parent once it is over: done, failed for certain, or in doubt. Pure,
 * the same on every host.
 *
 * Invariant: `failed` without doubt only where nothing of the child stands. A child that ended by a
 * person's word, in an error or past its pivot is done or in doubt, so that the parent undoes it.
 */
import { CHILD_COMPLETED, type Failure } from '../failure.ts';
import type { AttemptOutcome } from './inbound.ts';
import { isOwed } from './ledger.ts';
import { UNHANDLED } from './park-instead.ts';
import { type Decision, isOver, type SagaState } from '../state.ts';

/**
 * True once a parent need not wait any longer: the child is over, its machine has come to an end
 * of whatever tag, or nothing handled a failure in it, which ends a live machine. A person may let
 * the last one go on; it then asks its parent, see `ChildSagas`.
 */
export function isOverForParent(state: SagaState): boolean {
  return (
    isOver(state) || state.snapshot.status !== 'active' || state.parkReason?.code === UNHANDLED
  );
}

/** What the attempt that runs the child has come to. */
export function childOutcome(state: SagaState): AttemptOutcome {
  const { id, status, snapshot, resolution } = state;
  switch (status) {
    case 'completed':
      return { kind: 'done', output: snapshot.output as unknown };
    case 'failed':
      // Past its pivot a saga goes on to its end, also where a person gave a step up.
      if (resolution !== null) return { kind: 'done', output: snapshot.output as unknown };
      return failed('child-failed', `child saga ${id} ended as failed${whyOf(state)}`, true);
    case 'compensated':
      return failed('child-compensated', `child saga ${id} was compensated${whyOf(state)}`, false);
    case 'terminated':
      return failed('child-terminated', `child saga ${id} was terminated`, true);
    case 'compensation_failed': {
      const what = `child saga ${id} was compensated only in part${whyOf(state)}`;
      return { ...failed('child-failed', what, true), ...givenUp(state) };
    }
    case 'running':
    case 'waiting':
    case 'paused':
    case 'compensating':
    case 'parked':
      return failed('child-failed', inAnErrorWords(state), stands(state));
  }
}

/** What the unwinding of the child has come to. */
export function unwindingOutcome(state: SagaState): AttemptOutcome {
  const { id, status, resolution } = state;
  switch (status) {
    case 'completed':
      return failed(CHILD_COMPLETED, `child saga ${id} had completed before`, true);
    case 'failed':
      return failed(CHILD_COMPLETED, `child saga ${id} was past its pivot`, true);
    case 'compensated':
      return { kind: 'done', output: null };
    case 'compensation_failed': {
      if (resolution !== null) return { kind: 'done', output: null, ...givenUp(state) };
      return failed('child-failed', `child saga ${id} could not be compensated`, true);
    }
    case 'terminated':
      if (!stands(state)) return { kind: 'done', output: null };
      return failed('child-terminated', `child saga ${id} was terminated, not compensated`, true);
    case 'running':
    case 'waiting':
    case 'paused':
    case 'compensating':
    case 'parked':
      if (!stands(state)) return { kind: 'done', output: null };
      return failed('child-failed', inAnErrorWords(state), true);
  }
}

/** Its input is refused, or its machine cannot even begin: it never existed. */
export function neverBegan(failure: Failure): AttemptOutcome {
  return { kind: 'failed', failure: { ...failure, retryable: false, ambiguous: false } };
}

/** Started once, over, and removed since by retention: how it came out is not known. */
export const CHILD_GONE: AttemptOutcome = failed(
  'child-gone',
  'the child saga was removed before its parent heard of its end',
  true,
);

// The ledger knows: where nothing of the child is owed, nothing of it is in doubt.
function stands({ steps }: SagaState): boolean {
  return steps.some(isOwed);
}

function inAnErrorWords(state: SagaState): string {
  return `child saga ${state.id} ended in an error${whyOf(state)}`;
}

function givenUp({ resolution }: SagaState): { readonly gaveUp?: Decision } {
  if (resolution === null) return {};
  return { gaveUp: { by: resolution.by, reason: resolution.reason } };
}

function whyOf({ failureReason, parkReason }: SagaState): string {
  const why = parkReason ?? failureReason;
  return why === null ? '' : `: ${why.code}: ${why.message}`;
}

function failed(
  code: string,
  message: string,
  ambiguous: boolean,
): AttemptOutcome & { kind: 'failed' } {
  return { kind: 'failed', failure: { code, message, retryable: false, ambiguous } };
}
