/**
 * What an error of SQLite means for a batch: this statement only, try again, or stop.
 *
 * The only place that reads SQLite's result codes. Invariant: an error at COMMIT is never taken
 * for a rejection, because the rows may be on disk all the same.
 */
import Database from 'better-sqlite3';
import { toFailure } from '../../core/failure.ts';
import type { FinalFault } from '../final-fault.ts';
import { isPassingErrno } from './passing-errno.ts';

/** Where in a batch the error came up. */
export type BatchPhase = 'write' | 'commit';

export type StorageFault =
  /** The statement or its values are at fault; other turns of the batch can go through. */
  | { readonly kind: 'statement'; readonly reason: string }
  /** Nothing was written; the same batch may go through later. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly isHardware: boolean }
  /** The outcome is unknown or the file is not to be trusted. */
  | FinalFault;

/** Extended codes begin with these; a disk with room again, or a free lock, cures them. */
const PASSING = ['SQLITE_FULL', 'SQLITE_BUSY', 'SQLITE_LOCKED'];
/** May pass, may be a dying disk or an empty memory: tried again, but not for ever. */
const HARDWARE = ['SQLITE_IOERR', 'SQLITE_NOMEM', 'SQLITE_CANTOPEN'];
const STATEMENT = [
  'SQLITE_CONSTRAINT',
  'SQLITE_ERROR',
  'SQLITE_MISMATCH',
  'SQLITE_TOOBIG',
  'SQLITE_RANGE',
];

/** SQLite knows only ENOSPC as a full disk; a spent quota it reports as this. */
const FAILED_WRITE = 'SQLITE_IOERR_WRITE';

/**
 * Whether an error while a file was opened may pass by itself. Any other, such as a file that is
 * not ours or may not be written, stays until a person mends it.
 */
export function isPassingFault(thrown: unknown): boolean {
  if (!(thrown instanceof Database.SqliteError)) return isPassingErrno(thrown);
  return startsWithAny(thrown.code, [...PASSING, ...HARDWARE, 'SQLITE_PROTOCOL']);
}

/**
 * Classifies whatever a statement or a COMMIT threw. `hasNoRoom` tells, when it matters, whether
 * the disk or the quota is full.
 */
export function toStorageFault(
  thrown: unknown,
  phase: BatchPhase,
  hasNoRoom: () => boolean = () => false,
): StorageFault {
  const reason = toFailure(thrown).message;
  if (!(thrown instanceof Database.SqliteError)) {
    // Not an error of SQLite: values that do not bind, or a broken contract of ours.
    return phase === 'write' ? { kind: 'statement', reason } : { kind: 'failed', reason };
  }
  const { code } = thrown;
  const text = `${reason} (${code})`;
  // A full disk at COMMIT is certain: the commit frame is not synced, SQLite rolled back.
  const isFull = startsWithAny(code, PASSING) || (code === FAILED_WRITE && hasNoRoom());
  if (isFull) return { kind: 'stalled', reason: text, isHardware: false };
  if (phase === 'commit') return { kind: 'failed', reason: `at COMMIT: ${text}` };
  if (startsWithAny(code, HARDWARE)) return { kind: 'stalled', reason: text, isHardware: true };
  if (startsWithAny(code, STATEMENT)) return { kind: 'statement', reason: text };
  return { kind: 'failed', reason: text };
}

function startsWithAny(code: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => code.startsWith(prefix));
}
