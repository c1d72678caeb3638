/**
 * The order of messages: the id of an outbox row from its turn and its place in it.
 *
 * Invariant: ids grow with the journal's seq, and within a turn with the position, so reading by
 * id is reading in commit order. The factor may grow, never shrink: what was stored under a
 * smaller one keeps its id, which is below that of every later turn.
 */
import { MESSAGES_PER_TURN } from '../core/turn/messages-per-turn.ts';

/** The factor of ids that were stored before there was room for more. */
const FORMER_MESSAGES_PER_TURN = 16;

/** Every factor that ids in a database may have been made with: those of a turn begin at seq times it. */
export const MESSAGE_FACTORS = [MESSAGES_PER_TURN, FORMER_MESSAGES_PER_TURN];

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

/** The id that the same message has in a database where it was stored before; its last is last. */
export function formerOutboxId(seq: number, position: number): number {
  const last = FORMER_MESSAGES_PER_TURN - 1;
  return seq * FORMER_MESSAGES_PER_TURN + Math.min(position, last);
}
