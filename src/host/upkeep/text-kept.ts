/**
 * What a turn must have written that left the stored text alone: a move, or the parking of a saga
 * that could not be read. Pure.
 */
import type { JournalRecord } from '../../core/turn/inbound.ts';
import type { SagaStanding, TurnRecord } from '../../store/commit.ts';
import { movedRecord, parkedRecord } from '../turn/projection.ts';

/** What the replay says of the turn before. */
export interface BeforeKept {
  readonly left: Pick<TurnRecord, 'saga'>;
  /** How it stood before it began to leave for another database. */
  readonly asItWas?: SagaStanding;
}

/** Gives what such a turn left behind. */
export function textKeptAfter(
  { left: { saga }, asItWas }: BeforeKept,
  { inbound, sagaSeq, atMs, to: path }: JournalRecord,
): TurnRecord {
  if (inbound.kind === 'move') {
    const standing = inbound.phase === 'back' ? (asItWas ?? saga) : saga;
    return movedRecord(standing, { seq: sagaSeq - 1, path }, inbound, atMs);
  }
  if (inbound.kind !== 'park') throw new Error('only a parking leaves an unreadable place');
  return parkedRecord({ ...saga, seq: sagaSeq - 1 }, inbound.failure, atMs);
}
