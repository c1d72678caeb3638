/** A transactional activity that writes in a transaction of its own, apart from its saga's turn. */
import {
  type ActivityContext,
  type ExpectedStatement,
  type RemoteActivity,
  type TransactionalActivity,
} from '../core/activity.ts';
import { PermanentError } from '../core/failure.ts';
import type { WriteOutcome } from '../store/commit.ts';

/**
 * The activity with its statements handed to `write`, which must write all of them or none. Only
 * right where each statement may be written twice to the same effect, such as an INSERT that does
 * nothing where its key is there: after a crash between the write and its record the activity runs
 * again, with the same key.
 */
export function detached<Input, Output>(
  activity: TransactionalActivity<Input, Output>,
  write: (statements: readonly ExpectedStatement[]) => Promise<WriteOutcome>,
): RemoteActivity<Input, Output> {
  return async (input: Input, context: ActivityContext) => {
    const { statements, output } = await activity.plan(input, context);
    const outcome = await write(statements);
    switch (outcome.kind) {
      case 'committed':
        return output;
      case 'unmet':
        throw new PermanentError(outcome.code, outcome.message);
      case 'rejected':
        throw new Error(outcome.message);
    }
  };
}
