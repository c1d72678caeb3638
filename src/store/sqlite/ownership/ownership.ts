/**
 * Who owns the database, in the database: an epoch that every owner counts up, and whether the last
 * one left in good order.
 *
 * Invariant: the mark of a clean end is gone as soon as somebody owns the file again, so that a
 * crash never finds it.
 */
import type Database from 'better-sqlite3';
import type { Ownership, Restored } from '../../store.ts';
import type { SqlNames } from '../../sql-names.ts';

/** What a new owner is given. */
export interface TakenOver {
  /** Stale as soon as another one takes over; every batch checks it. */
  readonly ownerEpoch: number;
  readonly wasLeftClean: boolean;
}

/** Makes every earlier owner's epoch stale. */
export function takeOver(db: Database.Database, names: SqlNames): TakenOver {
  const wasLeftClean = readNumber(db, names.inSql(SELECT_CLEAN)) === 1;
  return { ownerEpoch: readNumber(db, names.inSql(TAKE_OVER)), wasLeftClean };
}

/**
 * Begins a new generation in a copy that nobody has opened yet. Gives where the database stands,
 * where it ever was restored.
 */
export function generationOf(
  db: Database.Database,
  names: SqlNames,
  nowMs: number,
): Pick<Ownership, 'restored'> {
  db.prepare(names.inSql(BEGIN_GENERATION)).run(nowMs);
  const restored = db.prepare<[], Restored>(names.inSql(SELECT_GENERATION)).get();
  return restored === undefined ? {} : { restored };
}

/** The highest internal saga id and the highest journal seq in use; 0: none. */
export function lastInUse(
  db: Database.Database,
  names: SqlNames,
): Pick<Ownership, 'lastSid' | 'lastSeq'> {
  return {
    lastSid: readNumber(db, names.inSql('SELECT coalesce(max(sid), 0) FROM sagas')),
    lastSeq: readNumber(db, names.inSql('SELECT coalesce(max(seq), 0) FROM journal')),
  };
}

/** Notes a clean end, unless somebody else has taken over. */
export function leaveClean(db: Database.Database, names: SqlNames, ownerEpoch: number): void {
  db.prepare(names.inSql(LEAVE_CLEAN)).run(ownerEpoch);
}

function readNumber(db: Database.Database, sql: string): number {
  return Number(db.prepare(sql).pluck().get());
}

const SELECT_CLEAN = 'SELECT left_clean FROM engine WHERE id = 1';
const TAKE_OVER = `UPDATE engine SET owner_epoch = owner_epoch + 1, left_clean = 0 WHERE id = 1
  RETURNING owner_epoch`;
const BEGIN_GENERATION = `UPDATE engine
  SET generation = generation + 1, restored_at = ?, is_copy = 0 WHERE id = 1 AND is_copy = 1`;
const SELECT_GENERATION = `SELECT generation, copied_at AS copiedAtMs, restored_at AS restoredAtMs
  FROM engine WHERE id = 1 AND restored_at IS NOT NULL`;
const LEAVE_CLEAN = 'UPDATE engine SET left_clean = 1 WHERE id = 1 AND owner_epoch = ?';
