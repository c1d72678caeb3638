/**
 * A saga on its way to another database. Like the parking of one that cannot be read, its turns take
 * no machine and leave the stored text alone: what is moved is the saga as it stood before.
 *
 * Invariant: while it is on its way, and once it has left, nothing reaches it here.
 */
import type { Failure } from '../../failure.ts';
import type { Inbound, JournalRecord } from '../inbound.ts';
import type { SagaState } from '../../state.ts';
import type { SagaStatus } from '../../status.ts';
import { isUnreadableRecord } from './unreadable.ts';

/** What a move does to a saga where it leaves. */
export type Move = Extract<Inbound, { kind: 'move' }>;

// No failure of an activity has such a code.
const MOVING = 'backstep.moving';
const MOVED = 'backstep.moved';

/** Why a saga stands still that leaves, or is over here because it left. */
export function moveFailure({ phase, move, place }: Move): Failure {
  const [code, message] =
    phase === 'gone'
      ? [MOVED, `to ${place}, by move ${move}`]
      : [MOVING, `it is on its way to ${place}, by move ${move}`];
  return { code, message, retryable: false, ambiguous: false };
}

/** Whether it leaves or has left, by the reason that it stands still for; `null`: neither. */
export function moveIn(reason: Failure | null): 'moving' | 'moved' | null {
  if (reason?.code === MOVING) return 'moving';
  return reason?.code === MOVED ? 'moved' : null;
}

/** The journal line of a move. `path`: where the saga stands. */
export function moveRecord(
  sagaSeq: number,
  inbound: Move,
  atMs: number,
  { status, path }: { readonly status: SagaStatus; readonly path: string },
): JournalRecord {
  return {
    sagaSeq,
    atMs,
    kind: 'note',
    cause: 'move',
    event: inbound.phase,
    from: path,
    to: path,
    status,
    inbound,
    note: NOTES[inbound.phase],
  };
}

const NOTES: Readonly<Record<Move['phase'], string>> = {
  leave: 'it stands still until it has left for another database',
  back: 'it goes on here: it was not moved',
  gone: 'it goes on in another database',
};

/** True for a line after which the stored text is still that of the line before. */
export function keepsText(record: Pick<JournalRecord, 'cause' | 'to'>): boolean {
  return record.cause === 'move' || isUnreadableRecord(record);
}

/** The state after it, for a replay. */
export function stateAfterMove(state: Leaving, inbound: Move, seq: number): Leaving {
  switch (inbound.phase) {
    case 'leave':
      return {
        ...state,
        seq,
        status: 'parked',
        parkReason: moveFailure(inbound),
        asItWas: state,
      };
    case 'back':
      return { ...(state.asItWas ?? state), seq };
    case 'gone':
      return { ...state, seq, status: 'terminated', parkReason: moveFailure(inbound) };
  }
}

/** Between leaving and a way back a replay must know the state whose text is stored. */
type Leaving = SagaState & { readonly asItWas?: SagaState };
