/**
 * What it means for a saga that the store did not write its turn. Pure.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Failure } from '../../core/failure.ts';
import type { CommitOutcome } from '../../store/commit.ts';
import { changedElsewhere } from '../../host/turn/refusals.ts';

/**
 * The failure of the transactional activity whose statements kept the turn from being written; its
 * effect did not happen. Throws `conflict` when it was not for statements, for a fresh load.
 */
export function failureOfUnwritten(
  outcome: Exclude<CommitOutcome, { kind: 'committed' }>,
  hasStatements: boolean,
  sagaId: string,
): Failure {
  switch (outcome.kind) {
    case 'unmet':
      return undone(outcome.code, outcome.message, false);
    case 'rejected':
      if (!hasStatements) throw new BackstepError('conflict', outcome.message);
      return undone('statement-failed', outcome.message, true);
    case 'stale':
    case 'key-taken':
    case 'withdrawn':
      throw changedElsewhere(sagaId);
  }
}

function undone(code: string, message: string, retryable: boolean): Failure {
  return { code, message, retryable, ambiguous: false };
}
