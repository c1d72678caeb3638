/**
 * The database file itself: where it really is, whether it is ours, and how it is opened.
 *
 * Must never change a file that is not ours. Invariant: every connection that may write the
 * engine's file is opened here.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { BackstepError } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import { isPassingFault } from './storage-fault.ts';

/** "BSTP": marks a SQLite file as Backstep's. */
export const APPLICATION_ID = 0x42535450;
/**
 * Bytes a page of a new file. A turn of a saga alone writes the half dozen pages that it touches:
 * measured, 57 kB a saga of four steps, 192 kB with pages of 8 KiB, for the same processor time;
 * pages of 1 KiB cost more of that.
 */
const PAGE_SIZE_BYTES = 2048;
/** Older ones can corrupt a database when the WAL is reset (WAL-reset bug). */
const MIN_SQLITE_VERSION = '3.51.3';

const OWNER_ONLY = 0o600;

/**
 * The real path of the database (links resolved, so that every name of a file gives the same
 * lock), after creating an empty file readable by its owner only where there was none. Throws
 * `storage-refused`.
 */
export function resolveDatabaseFile(path: string): string {
  if (path === '' || path === ':memory:' || path.startsWith('file:')) {
    throw refused(path, 'the engine needs a file on disk', 'give a file path');
  }
  assertNoFolder(path);
  try {
    createIfMissing(path);
    return realpathSync(resolve(path));
  } catch (thrown) {
    throw unusable(path, thrown, 'check the folder and its permissions');
  }
}

/** Throws `storage-refused` where there is none to look at. */
export function assertFile(path: string): void {
  assertNoFolder(path);
  if (!existsSync(path)) throw refused(path, 'there is no such file', 'check the path');
}

function assertNoFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  throw refused(path, 'it is a folder', 'give the path of the file in it');
}

/** Opens our own file for writing, in WAL mode. Throws `storage-refused` when it is not ours. */
export function openForWriting(realPath: string, busyWaitMs: number): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(realPath, { timeout: busyWaitMs });
    checkSqliteVersion(realPath, db);
    claim(realPath, db);
    return db;
  } catch (thrown) {
    db?.close();
    if (thrown instanceof BackstepError) throw thrown;
    if (isCode(thrown, 'SQLITE_NOTADB')) {
      const why = toFailure(thrown).message;
      throw new ForeignFileError(realPath, why, 'give the path of a Backstep database', thrown);
    }
    throw unusable(realPath, thrown, cureOf(thrown));
  }
}

/**
 * What a file could not be opened for: `unavailable` where that may pass by itself, else
 * `storage-refused` with the cure.
 */
export function unusable(path: string, thrown: unknown, cure: string, what = ''): BackstepError {
  if (thrown instanceof BackstepError) return thrown;
  const why = `${what}${toFailure(thrown).message}`;
  const isForbidden = isCode(thrown, 'SQLITE_CANTOPEN') && !isAccessible(path);
  if (!isPassingFault(thrown) || isForbidden) return refused(path, why, cure, thrown);
  const code = thrown instanceof Database.SqliteError ? ` (${thrown.code})` : '';
  const message = `${path}: ${why}${code}; it may pass: try again`;
  return new BackstepError('unavailable', message, { cause: thrown });
}

function isAccessible(path: string): boolean {
  try {
    for (const each of [path, dirname(path)]) accessSync(each, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A `storage-refused` error that names the file, the reason and the cure. */
export function refused(path: string, why: string, cure: string, cause?: unknown): BackstepError {
  return new BackstepError('storage-refused', `${path}: ${why}; ${cure}`, { cause });
}

/** The file is no database of ours: nobody can own it. */
export class ForeignFileError extends BackstepError {
  constructor(path: string, why: string, cure: string, cause?: unknown) {
    super('storage-refused', `${path}: ${why}; ${cure}`, { cause });
  }
}

/** True when `version` (as `3.54.1`) is at least `minimum`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const given = version.split('.').map(Number);
  for (const [index, wanted] of minimum.split('.').map(Number).entries()) {
    const part = given[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/**
 * Never opens a file that is there: closing any descriptor of it would drop the POSIX locks that
 * this process may hold on it through SQLite.
 */
function createIfMissing(path: string): void {
  if (existsSync(path)) return;
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, OWNER_ONLY));
}

function checkSqliteVersion(path: string, db: Database.Database): void {
  const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
  if (isAtLeast(version, MIN_SQLITE_VERSION)) return;
  const why = `SQLite ${version} is older than ${MIN_SQLITE_VERSION} and may corrupt it`;
  throw refused(path, why, 'update better-sqlite3');
}

/** Refuses what is not ours; marks an empty file as ours before anything else is in it. */
function claim(path: string, db: Database.Database): void {
  const applicationId = db.pragma('application_id', { simple: true });
  if (applicationId !== APPLICATION_ID) {
    const objects = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    if (applicationId !== 0 || objects !== 0) {
      throw new ForeignFileError(path, 'it is a database of another program', 'give another path');
    }
    db.pragma(`page_size = ${PAGE_SIZE_BYTES}`);
    db.pragma(`application_id = ${APPLICATION_ID}`);
  }
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') {
    throw refused(path, `its journal mode is ${String(mode)}, not WAL`, 'use a local file system');
  }
}

function cureOf(thrown: unknown): string {
  return isCode(thrown, 'SQLITE_CORRUPT')
    ? 'restore it from a backup'
    : 'check the path and its permissions';
}

function isCode(thrown: unknown, start: string): boolean {
  return thrown instanceof Database.SqliteError && thrown.code.startsWith(start);
}
