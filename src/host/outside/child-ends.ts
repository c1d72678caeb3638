/**
 * How a child saga that its parent leaves or undoes is told to end, and what its end is to the
 * parent. Pure.
 */
import { childOutcome, unwindingOutcome } from '../../core/turn/child-outcome.ts';
import type { AttemptOutcome } from '../../core/turn/inbound.ts';
import { UNWIND_CHILD } from '../../core/machine/machine-roles.ts';
import { isOver, type SagaState } from '../../core/state.ts';

/** What a child is ordered. */
export type EndOrder = 'cancel' | 'terminate';

/** Why, for its audit. */
export function reasonOfEnd(order: EndOrder): string {
  return order === 'cancel' ? 'the parent saga left it' : 'the parent saga was terminated';
}

/** Why a child is told to end that its parent undoes. */
export const UNDONE_BY_PARENT = 'the parent saga compensates';

/** Who orders it, for its audit. */
export const ORDERED_BY_PARENT = 'parent saga';

/**
 * The command that ends the child; `null`: it comes to an end without one. A machine that knows
 * nothing of cancelling is ended as XState would; one that has ended by itself stays as it is.
 */
export function endOrderOf(child: SagaState, order: EndOrder): EndOrder | null {
  if (isOver(child) || child.snapshot.status !== 'active') return null;
  return child.snapshot.machine.events.includes('backstep.cancel') ? order : 'terminate';
}

/**
 * What is ordered of a child that goes on after it had stood still, when orders of its parent were
 * not legal; `null`: the parent waits for it.
 */
export function orderIfLeft(
  parent: SagaState,
  childId: string,
): { readonly order: EndOrder; readonly reason: string } | null {
  const live = Object.values(parent.live.activities).find((each) => each.childId === childId);
  if (live !== undefined && live.src !== UNWIND_CHILD) return null;
  const order = parent.status === 'terminated' ? 'terminate' : 'cancel';
  return { order, reason: live === undefined ? reasonOfEnd('cancel') : UNDONE_BY_PARENT };
}

/** What the end of the child is to the attempt that runs or undoes it. */
export function endOf(child: SagaState, isUnwinding: boolean): AttemptOutcome {
  return isUnwinding ? unwindingOutcome(child) : childOutcome(child);
}
