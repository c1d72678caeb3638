/**
 * Puts a backup in the place of a database file that nobody owns.
 *
 * Crash points: until the rename there is the old database, whole, its log emptied into it; after it
 * the new one. A log that stayed beside the new file would be taken for its own, so it goes first,
 * with what it holds put into the old file.
 */
import { existsSync, realpathSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { APPLICATION_ID, assertFile, refused, resolveDatabaseFile } from '../database-file.ts';
import { acquireOwnerLock } from '../ownership/owner-lock.ts';
import { asPart } from './part.ts';
import { copyInto, type CopyWork, takePlace } from './backup-file.ts';

/** What of a restore a program may set. */
export interface RestoreFileOptions {
  readonly from: string;
  readonly to: string;
  /** A database that is there is replaced. */
  readonly isForced: boolean;
  readonly lockWaitMs: number;
}

const NOT_READABLE = ['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_IOERR', 'SQLITE_CANTOPEN'];

/** Gives the bytes of the database. Throws `storage-refused`; then the old one is as it was. */
export async function restoreFile(
  { from, to, isForced, lockWaitMs }: RestoreFileOptions,
  work: CopyWork,
): Promise<number> {
  assertFile(from);
  const isNew = !existsSync(to);
  if (!isNew && realpathSync(from) === realpathSync(to)) {
    throw refused(to, 'it is the backup itself', 'give another path');
  }
  if (!isNew && !isForced && statSync(to).size > 0) {
    throw refused(to, 'there is a database already', 'give another path, or --force to replace it');
  }
  const realPath = resolveDatabaseFile(to);
  try {
    const lock = await acquireOwnerLock(realPath, lockWaitMs);
    try {
      return await asPart(realPath, async (part) => {
        await copyInto(part, { from, copiedAtMs: null }, work);
        emptyLog(realPath);
        takePlace(part, realPath);
        return statSync(realPath).size;
      });
    } finally {
      lock.release();
    }
  } finally {
    // Whoever comes next must not find an empty database that a refused restore has left.
    if (isNew && statSync(realPath).size === 0) rmSync(realPath);
  }
}

/** Puts the log of the old database into it, and takes it away. */
function emptyLog(realPath: string): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(realPath, { timeout: 0 });
    const applicationId = db.pragma('application_id', { simple: true });
    const objects = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    if (applicationId !== APPLICATION_ID && objects !== 0) {
      throw refused(realPath, 'it is a database of another program', 'give another path');
    }
    const mode = db.pragma('journal_mode = DELETE', { simple: true });
    if (mode !== 'delete') throw inUse(realPath);
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError)) throw thrown;
    const { code } = thrown;
    if (!NOT_READABLE.some((start) => code.startsWith(start))) throw inUse(realPath);
    // Nothing can be put into a file that cannot be read; its log is of no use without it.
  } finally {
    db?.close();
  }
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(realPath + suffix, { force: true });
}

function inUse(realPath: string): Error {
  const why = 'somebody has it open to look at it';
  return refused(realPath, why, 'close that, a doctor or a page for example, and try again');
}
