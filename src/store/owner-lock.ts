/**
 * The operating-system lock that lets one process own a database.
 *
 * It is an exclusive SQLite transaction on an empty file beside the real path: gone with the
 * process, however that dies. It gives the clear message; the guarantee is the owner epoch that
 * every batch checks. Never delete the lock file of a database that is ours: a second process could
 * then lock a new one.
 */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { ForeignFileError, refused, resolveDatabaseFile } from './database-file.ts';

/** How long a starting process waits for the one before it to leave. */
export const DEFAULT_LOCK_WAIT_MS = 5_000;
const LOCK_POLL_MS = 50;

/** A held lock. */
export interface OwnerLock {
  /** Lets the next owner in. Idempotent. */
  release(): void;
  /**
   * As `release`, for a file that was then refused: beside one that is no database of ours, which
   * nobody can own, it leaves no lock file that it made itself.
   */
  releaseAfter(thrown: unknown): void;
}

/**
 * Takes the lock of a database, waiting at most `lockWaitMs`. `realPath` must have its links
 * resolved. Throws `storage-refused` when another owner stays.
 */
export async function acquireOwnerLock(realPath: string, lockWaitMs: number): Promise<OwnerLock> {
  const lockPath = `${realPath}.lock`;
  const isMadeHere = !existsSync(lockPath);
  const db = openLockFile(lockPath);
  const tries = Math.ceil(Math.max(0, lockWaitMs) / LOCK_POLL_MS);
  for (let attempt = 0; !tryLock(db); attempt += 1) {
    if (attempt >= tries) {
      db.close();
      const why = `another process owns this database (waited ${lockWaitMs} ms)`;
      throw refused(realPath, why, 'stop that process, or give another path');
    }
    await delay(LOCK_POLL_MS);
  }
  return {
    release: () => db.close(),
    releaseAfter: (thrown) => {
      if (isMadeHere && thrown instanceof ForeignFileError) rmSync(lockPath, { force: true });
      db.close();
    },
  };
}

function openLockFile(lockPath: string): Database.Database {
  return new Database(resolveDatabaseFile(lockPath), { timeout: 0 });
}

function tryLock(db: Database.Database): boolean {
  try {
    // Nothing is ever written, so no journal file is needed to roll back from.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (thrown) {
    if (thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY')) {
      return false;
    }
    db.close();
    throw thrown;
  }
}
