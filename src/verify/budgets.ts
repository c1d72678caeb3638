/**
 * Retry budgets of compiled sagas, explored by what they can do instead of attempt by attempt: the
 * last attempt of a budget differs from those before it, which are all alike.
 *
 * Sound because a compiled machine looks at the number of an attempt only to compare it with the
 * budget, see `retryGuard`; the delay that depends on it is a time, and times are left out anyway.
 */
import { identityOf } from '../core/turn/advance.ts';
import type { SagaContext, Tries } from '../core/define/saga-context.ts';
import type { AnyStateMachine } from 'xstate';
import { attemptBudgets } from '../core/machine/attempt-budgets.ts';
import { withContext } from '../core/machine/macrostep/scope.ts';
import { MAX_ATTEMPTS } from '../core/retry-policy.ts';
import type { SagaState } from '../core/state.ts';

/** A budget up to here is counted out. */
export const COUNTED_OUT = 2;

/** The place in a budget of any attempt but the last. */
const EARLY = '';

/**
 * The saga as if the attempt under way were the last of its budget; `null` when it is, or when the
 * budget is counted out.
 */
export function atLastAttempt(state: SagaState, activity: string): SagaState | null {
  const attempts = budgetOf(state, activity);
  const context = state.snapshot.context as SagaContext;
  const { attempt, inDoubt } = context.tries[activity] ?? { attempt: 1, inDoubt: false };
  if (attempts === null || attempts <= COUNTED_OUT || attempt >= attempts) return null;
  const tries = { ...context.tries, [activity]: { attempt: attempts, inDoubt } };
  const { snapshot, live } = state;
  const last = withContext(snapshot, identityOf(state), { ...context, tries }, live.activities);
  return { ...state, snapshot: last };
}

/** What the future depends on of how activities fared; one never tried is like one with tries left. */
export function triesShape(state: SagaState): readonly (readonly [string, string, boolean])[] {
  const { tries } = state.snapshot.context as SagaContext;
  // By name: the order of their first failures says nothing.
  return Object.keys(tries)
    .toSorted()
    .flatMap((activity) => {
      const { attempt, inDoubt } = tries[activity] as Tries;
      const place = placeInBudget(attempt, budgetOf(state, activity));
      return place === '' && !inDoubt ? [] : [[activity, place, inDoubt] as const];
    });
}

/**
 * True when a turn counted an activity up within its budget, to a number that is not told apart
 * from the one before: the two states look alike, and yet it cannot go on so for ever.
 */
export function isCountedUp(before: SagaState, after: SagaState): boolean {
  const { tries } = before.snapshot.context as SagaContext;
  const triesAfter = (after.snapshot.context as SagaContext).tries;
  return Object.entries(triesAfter).some(([activity, { attempt }]) => {
    const attempts = budgetOf(after, activity);
    // A number that no policy may ask for is no bound.
    const isBounded = attempts !== null && attempts <= MAX_ATTEMPTS;
    const isEarly = isBounded && placeInBudget(attempt, attempts) === EARLY;
    return isEarly && attempt > (tries[activity]?.attempt ?? 1);
  });
}

function placeInBudget(attempt: number, attempts: number | null): string {
  if (attempt === 1) return EARLY;
  if (attempts === null) return String(attempt);
  return attempt >= attempts ? 'last' : EARLY;
}

function budgetOf({ snapshot }: SagaState, activity: string): number | null {
  return attemptBudgets(snapshot.machine as AnyStateMachine).get(activity) ?? null;
}
