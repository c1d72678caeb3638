/**
 * The one turn that takes no machine: a saga whose stored state cannot be read, or not be written,
 * is parked as it is. Its text stays for a person or a migration; only its row and its journal say
 * that nothing moves.
 */
import type { Failure } from '../../failure.ts';
import type { JournalRecord } from '../inbound.ts';
import type { SagaState } from '../../state.ts';

/** In place of the state path that nobody could make out. */
const UNREADABLE_PLACE = '(unreadable)';

/** Why a saga that was parked so is parked, as far as a later load can tell. */
const PARKED_AS_IT_WAS: Failure = {
  code: 'state-unreadable',
  message: 'the saga was parked because its stored state could not be read or written',
  retryable: false,
  ambiguous: false,
};

/** The journal line of such a parking. */
export function unreadableRecord(sagaSeq: number, failure: Failure, atMs: number): JournalRecord {
  return {
    sagaSeq,
    atMs,
    kind: 'note',
    cause: 'park',
    event: 'park',
    from: null,
    to: UNREADABLE_PLACE,
    status: 'parked',
    inbound: { kind: 'park', failure },
    note: 'the stored state cannot be read',
  };
}

/** True for a line that `unreadableRecord` made: the stored text is still that of the line before. */
export function isUnreadableRecord({ cause, to }: Pick<JournalRecord, 'cause' | 'to'>): boolean {
  return cause === 'park' && to === UNREADABLE_PLACE;
}

/** The state after it: the stored text knows nothing of the parking. */
export function parkedAsItWas(state: SagaState, seq: number): SagaState {
  return { ...state, seq, status: 'parked', parkReason: state.parkReason ?? PARKED_AS_IT_WAS };
}
