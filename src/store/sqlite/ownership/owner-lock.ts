/**
 * The operating-system lock that lets one process own a database.
 *
 * It is an exclusive SQLite transaction on an empty file beside the real path: gone with the
 * process, however that dies. It gives the clear message; the guarantee is the owner epoch that
 * every batch checks. Never delete the lock file of a database that is ours: a second process could
 * then lock a new one. Invariant: a file is owned by device and inode, not by a name of it.
 */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { ForeignFileError, refused, resolveDatabaseFile, unusable } from '../database-file.ts';
import { assertSoleName, fileIdentity } from './sole-name.ts';

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
 * resolved. Throws `storage-refused` when another owner stays, or could be there unseen.
 */
export async function acquireOwnerLock(realPath: string, lockWaitMs: number): Promise<OwnerLock> {
  assertSoleName(realPath);
  const identity = await takeIdentity(realPath, lockWaitMs);
  const disown = (): boolean => filesOfThisProcess().delete(identity);
  try {
    const lock = await lockBeside(realPath, lockWaitMs);
    return {
      release: () => {
        lock.release();
        disown();
      },
      releaseAfter: (thrown) => {
        lock.releaseAfter(thrown);
        disown();
      },
    };
  } catch (thrown) {
    disown();
    throw unusable(realPath, thrown, 'check the folder and its permissions');
  }
}

/** Locks a file that is for nothing else, at once; `null`: somebody has it. */
export function lockAlone(path: string): Pick<OwnerLock, 'release'> | null {
  const realPath = resolveDatabaseFile(path);
  const identity = fileIdentity(realPath);
  const files = filesOfThisProcess();
  if (identity === null || files.has(identity)) return null;
  const db = new Database(realPath, { timeout: 0 });
  if (!tryLock(db)) {
    db.close();
    return null;
  }
  files.add(identity);
  return {
    release: () => {
      db.close();
      files.delete(identity);
    },
  };
}

const OWNED_FILES = Symbol.for('backstep.owned-files');

/**
 * Files that this process owns. The one piece of global state there is, and rightly so: the process
 * is what owns a file. Two copies of this package in it do not see each other's modules, and may
 * have an SQLite each, whose POSIX locks the operating system never holds against the same process
 * and drops for both when either closes the file.
 */
function filesOfThisProcess(): Set<string> {
  const known: unknown = Reflect.get(globalThis, OWNED_FILES);
  if (known instanceof Set) return known as Set<string>;
  const files = new Set<string>();
  Reflect.set(globalThis, OWNED_FILES, files);
  return files;
}

async function takeIdentity(realPath: string, lockWaitMs: number): Promise<string> {
  const identity = fileIdentity(realPath);
  if (identity === null) throw refused(realPath, 'it was removed', 'start again');
  const files = filesOfThisProcess();
  await retried(
    lockWaitMs,
    () => !files.has(identity),
    () => {
      const why = `this process owns this database already (waited ${lockWaitMs} ms)`;
      return refused(realPath, why, 'close the engine that has it, or give another path');
    },
  );
  files.add(identity);
  return identity;
}

async function lockBeside(realPath: string, lockWaitMs: number): Promise<OwnerLock> {
  const lockPath = `${realPath}.lock`;
  const isMadeHere = !existsSync(lockPath);
  const db = new Database(resolveDatabaseFile(lockPath), { timeout: 0 });
  const release = (): void => void db.close();
  const releaseAfter = (thrown: unknown): void => {
    if (isMadeHere && thrown instanceof ForeignFileError) rmSync(lockPath, { force: true });
    release();
  };
  try {
    await retried(
      lockWaitMs,
      () => tryLock(db),
      () => {
        const why = `another process owns this database (waited ${lockWaitMs} ms)`;
        return refused(realPath, why, 'stop that process, or give another path');
      },
    );
    await retried(
      lockWaitMs,
      () => !isOpenUnderAnotherName(realPath),
      () => {
        const why = 'another process has this very file open by a name that it had before';
        return refused(realPath, why, 'stop that process, and give the file that name back');
      },
    );
  } catch (thrown) {
    release();
    throw thrown;
  }
  return { release, releaseAfter };
}

async function retried(waitMs: number, attempt: () => boolean, late: () => Error): Promise<void> {
  const tries = Math.ceil(Math.max(0, waitMs) / LOCK_POLL_MS);
  for (let count = 0; !attempt(); count += 1) {
    if (count >= tries) throw late();
    await delay(LOCK_POLL_MS);
  }
}

function tryLock(db: Database.Database): boolean {
  try {
    // Nothing is ever written, so no journal file is needed to roll back from.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (thrown) {
    if (isBusy(thrown)) return false;
    throw thrown;
  }
}

/**
 * Whoever has a database open in WAL mode holds a lock on the file itself and keeps a log beside
 * the name that it opened. A lock without a log: it was opened by another name, and what it has
 * acknowledged may be in the log there.
 */
function isOpenUnderAnotherName(realPath: string): boolean {
  if (existsSync(`${realPath}-wal`)) return false;
  const db = new Database(realPath, { timeout: 0 });
  try {
    // In this mode the first read locks out everybody else; it changes nothing.
    db.pragma('locking_mode = EXCLUSIVE');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (thrown) {
    return isBusy(thrown); // what else is wrong with it is told by whoever opens it for good
  } finally {
    db.close();
  }
}

function isBusy(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY');
}
