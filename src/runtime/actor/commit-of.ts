/**
 * One turn as the store of this host writes it: what it leaves behind, and in the same transaction
 * the messages that leave with it, the row of the inbox that asked for it, and the statements of a
 * transactional activity.
 */
import type { Failure } from '../../core/failure.ts';
import type { SagaState } from '../../core/state.ts';
import type { SagaBirth, SagaCommit } from '../../store/commit.ts';
import type { StoredSaga } from '../../store/store.ts';
import type { TimedTurn } from '../../host/telemetry/saga-telemetry.ts';
import { type InboxAnswer, type InboxRef, settledRow } from '../../host/inbox/inbox-answer.ts';
import { outboxRowsOf } from '../../host/outside/outbox-messages.ts';
import type { ActorHost } from './actor-host.ts';
import { stepFailureOf } from '../../host/turn/step-failure.ts';
import { type BesideRecord, parkedRecord, recordOf } from '../../host/turn/projection.ts';

/** A turn about to be committed. */
export interface PendingTurn extends TimedTurn {
  readonly sid: number;
  /** Of its saga. */
  readonly type: string;
}

/** What some turns write beside the usual. */
export interface BesideTurn extends BesideRecord, Partial<Pick<SagaCommit, 'statements'>> {
  /** The row of the inbox that asked for it. */
  readonly row?: InboxRef | undefined;
}

/** What a start writes. */
export type Beginning = BesideTurn & { readonly birth: SagaBirth };

export const NO_STATEMENTS: SagaCommit['statements'] = [];

type Bounds = Pick<ActorHost, 'stateLength' | 'marker'>;

/** Everything one turn makes durable. Throws `too-large`, see state-bound.ts. */
export function commitOf(
  turn: PendingTurn,
  { stateLength, marker }: Bounds,
  beside: BesideTurn = {},
): SagaCommit {
  const { statements = NO_STATEMENTS, row } = beside;
  const record = recordOf(turn, stateLength, beside);
  // Copied from the front: what is copied behind other members costs eight times as much.
  const commit = {
    ...record,
    saga: { ...record.saga, sid: turn.sid },
    outbox: outboxRowsOf(turn),
    marks: marker?.marksOf(turn.type, record, () => stepFailureOf(turn)),
    statements,
  };
  if (row === undefined) return commit;
  return { ...commit, inbox: settledRow(row, answerOf(turn.after, record.birth)) };
}

/** The turn of a saga that is parked as it is, see `parkedRecord`. */
export function parkedCommit(
  stored: StoredSaga,
  failure: Failure,
  nowMs: number,
  marker: ActorHost['marker'],
): SagaCommit {
  const all = parkedRecord(stored, failure, nowMs);
  const { saga, ...record } = all;
  const marks = marker?.marksOf(stored.type, all, () => null);
  const row = { sid: stored.sid, ...saga };
  return { saga: row, ...record, outbox: [], marks, statements: NO_STATEMENTS };
}

function answerOf({ seq, status }: SagaState, birth: SagaBirth | null): InboxAnswer {
  if (birth === null) return { kind: 'turn', seq };
  return { kind: 'started', id: birth.id, status, isNew: true, isRemoved: false };
}
