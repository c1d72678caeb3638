/** What an attempt came to: its output where a state can hold it, else a failure. Pure. */
import type { Activity, WritePlan } from '../../core/activity.ts';
import { type Failure, toFailure } from '../../core/failure.ts';
import { isLongerThan, takeJson } from '../../core/json.ts';
import { thrownOf } from '../../core/thrown.ts';
import type { AttemptOutcome } from '../../core/turn/inbound.ts';

/** Code of the failure of an attempt whose output no state could hold. */
const OUTPUT_TOO_LARGE = 'output-too-large';

/** Of an activity that answered; `plan`: a transactional one, which has written nothing yet. */
export function outcomeOf(
  src: string,
  maxLength: number,
  output: unknown,
  plan: WritePlan<unknown> | null,
): AttemptOutcome {
  // No further attempt would give a usable output. A plan has written nothing yet; any other
  // effect has happened, so the step is in doubt.
  const unusable = { retryable: false, ambiguous: plan === null };
  let taken: unknown;
  try {
    // A copy: the activity may keep what it returned and change it.
    taken = takeJson(output, `output of ${src}`);
  } catch (thrown) {
    return { kind: 'failed', failure: { ...toFailure(thrown), ...unusable } };
  }
  if (!isLongerThan(taken, maxLength)) return { kind: 'done', output: taken };
  const message =
    `output of ${src}: its JSON has more than ${maxLength} characters; ` +
    'keep large results outside and give their ids';
  return { kind: 'failed', failure: { code: OUTPUT_TOO_LARGE, message, ...unusable } };
}

/**
 * Of an activity that threw. The plan of a transactional one has written nothing yet, so its failure is
 * never ambiguous.
 */
export function failureOf(
  { implementation, keepsThrown }: { implementation: Activity; keepsThrown: boolean },
  thrown: unknown,
): Failure {
  const failure = keepsThrown ? withThrown(toFailure(thrown), thrown) : toFailure(thrown);
  if (typeof implementation === 'function') return failure;
  // No other attempt would give a plan where this one gave none.
  const retryable = failure.retryable && failure.code !== 'definition-invalid';
  return { ...failure, retryable, ambiguous: false };
}

function withThrown(failure: Failure, thrown: unknown): Failure {
  const kept = thrownOf(thrown);
  return kept === null ? failure : { ...failure, thrown: kept };
}
