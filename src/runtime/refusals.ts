/** What the sender of an event or command is told where its saga does not take it. */
import { BackstepError } from '../core/errors.ts';
import type { Turn } from '../core/inbound.ts';
import type { SagaState } from '../core/state.ts';

/** The store holds another state than the turn was computed from. */
export function changedElsewhere(id: string): BackstepError {
  return new BackstepError('conflict', `saga ${id} was changed by somebody else`);
}

/** The caller saw an earlier state. */
export function versionConflict(state: SagaState, expectedVersion: number): BackstepError {
  return new BackstepError(
    'conflict',
    `saga ${state.id} is at version ${state.seq}, not ${expectedVersion}; look at it again`,
  );
}

/** A turn that was refused, with what would be taken. */
export function refusalOf(state: SagaState, refused: Turn & { kind: 'refused' }): BackstepError {
  const { reason, legal } = refused;
  if (reason === 'overloaded') {
    const message = `saga ${state.id} keeps as many early events as it may`;
    return new BackstepError('overloaded', message, { retryAfterMs: 1_000 });
  }
  const what = reason === 'ended' ? `has ended (${state.status})` : 'does not accept this now';
  const offer = legal.length === 0 ? 'nothing is legal any more' : `legal now: ${legal.join(', ')}`;
  return new BackstepError('not-legal', `saga ${state.id} ${what}; ${offer}`, { legal });
}
