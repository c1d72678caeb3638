/**
 * Who owns the database, in the database: an epoch that every owner counts up, and whether the last
 * one left in good order.
 *
 * Invariant: the mark of a clean end is gone as soon as somebody owns the file again, so that a
 * crash never finds it.
 */
import type Database from 'better-sqlite3';

/** What a new owner is given. */
export interface TakenOver {
  /** Stale as soon as another one takes over; every batch checks it. */
  readonly ownerEpoch: number;
  readonly wasLeftClean: boolean;
}

/** Makes every earlier owner's epoch stale. */
export function takeOver(db: Database.Database): TakenOver {
  const wasLeftClean = Number(db.prepare(SELECT_CLEAN).pluck().get()) === 1;
  return { ownerEpoch: Number(db.prepare(TAKE_OVER).pluck().get()), wasLeftClean };
}

/** Notes a clean end, unless somebody else has taken over. */
export function leaveClean(db: Database.Database, ownerEpoch: number): void {
  db.prepare(LEAVE_CLEAN).run(ownerEpoch);
}

const SELECT_CLEAN = 'SELECT left_clean FROM engine WHERE id = 1';
const TAKE_OVER = `UPDATE engine SET owner_epoch = owner_epoch + 1, left_clean = 0 WHERE id = 1
  RETURNING owner_epoch`;
const LEAVE_CLEAN = 'UPDATE engine SET left_clean = 1 WHERE id = 1 AND owner_epoch = ?';
