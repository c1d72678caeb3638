/**
 * The key a compensation must fence.
 *
 * Must never guess one: a compensation that fences the wrong key undoes nothing.
 */
import type { ActivityContext } from '../src/core/activity.ts';
import { PermanentError } from '../src/core/failure.ts';

/** The key the step ran with. Throws `PermanentError` when the call is not a compensation. */
export function forwardKeyOf(context: Pick<ActivityContext, 'forwardKey'>): string {
  if (context.forwardKey === null) {
    throw new PermanentError('no-forward-key', 'this activity compensates; it was run as a step');
  }
  return context.forwardKey;
}
