/**
 * The order of messages: the id of an outbox row from its turn and its place in it.
 *
 * Invariant: ids grow with the journal's seq, and within a turn with the position, so reading by
 * id is reading in commit order. Never change the factor: stored ids depend on it.
 */
import { MESSAGES_PER_TURN } from '../core/live.ts';

/**
 * The id of an outbox row. `seq` is the global journal seq of its turn, `position` counts from 0.
 * Throws `RangeError` when the position is out of bounds.
 */
export function outboxId(seq: number, position: number): number {
  if (!Number.isInteger(position) || position < 0 || position >= MESSAGES_PER_TURN) {
    throw new RangeError(`a turn has at most ${MESSAGES_PER_TURN} messages`);
  }
  return seq * MESSAGES_PER_TURN + position;
}
