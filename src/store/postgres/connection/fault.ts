/**
 * What an error of PostgreSQL means for a batch: this statement only, try again, connect again, or
 * stop.
 *
 * The only place that reads SQLSTATE. Invariant: what is not an answer of the server, or ends its
 * session, is `lost`: whether the transaction was committed is not known then.
 */
import { DatabaseError } from 'pg';
import { toFailure } from '../../../core/failure.ts';
import { type FinalFault, TAKEN_OVER } from '../../final-fault.ts';

export type Fault =
  /** The statement or its values are at fault; others of the batch can go through. */
  | { readonly kind: 'statement'; readonly reason: string; readonly code: string }
  /** A lock that somebody else holds, or a race for one: the statement may go through later. */
  | { readonly kind: 'locked'; readonly reason: string }
  /** The server cannot write just now; nothing was written. */
  | { readonly kind: 'stalled'; readonly reason: string }
  /** The connection is gone, with an answer that was never heard. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** Nothing may be written any more. */
  | FinalFault;

/** Raised by `assert_owner` of the engine's schema. */
const NOT_OWNER = 'BS001';

const LOCKED = ['55P03', '40P01', '40001'];
/** A replica took this server's place, or this one became a replica: connect anew. */
const READ_ONLY = '25006';
/**
 * Of those classes, but a fault of the statement: parameters of another number, and one that took
 * too long. The engine's own have no limit, and one that a person cancelled is tried again in parts.
 */
const NOT_STALLED = ['08P01', '57014'];
const STALLED_CLASSES = ['08', '53', '57', '58'];
const DAMAGED = ['XX001', 'XX002'];

/** An item that cannot be sent; nothing of it has been. */
export class UnsendableError extends Error {}

/** Classifies what a segment ended with. */
export function toFault(thrown: unknown): Fault {
  const message = toFailure(thrown).message;
  if (thrown instanceof UnsendableError) return { kind: 'statement', reason: message, code: '' };
  if (!(thrown instanceof DatabaseError)) return { kind: 'lost', reason: message };
  const { code = '', severity } = thrown;
  const reason = `${message} (${code})`;
  if (code === NOT_OWNER) return TAKEN_OVER;
  if (severity === 'FATAL' || severity === 'PANIC' || code === READ_ONLY) {
    return { kind: 'lost', reason };
  }
  if (LOCKED.includes(code)) return { kind: 'locked', reason };
  if (STALLED_CLASSES.includes(code.slice(0, 2)) && !NOT_STALLED.includes(code))
    return { kind: 'stalled', reason };
  if (DAMAGED.includes(code)) return { kind: 'failed', reason };
  return { kind: 'statement', reason, code };
}
