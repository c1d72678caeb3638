/** The thread that compacts a database, so that whoever waits for it can show how far it is. */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { BackstepError } from '../../../core/errors.ts';
import { openForWriting, refused, unusable } from '../database-file.ts';
import type { FromCompacting } from './compacting.ts';

const BUSY_WAIT_MS = 5_000;

const port = parentPort;
const send = (message: FromCompacting): void => port?.postMessage(message);
const path = workerData as string;
try {
  compact();
} catch (thrown) {
  const { code, message } = failureOf(thrown);
  send({ kind: 'failed', code, message });
}
port?.close();

function compact(): void {
  const db = openForWriting(path, BUSY_WAIT_MS);
  try {
    db.pragma('synchronous = FULL');
    const bytesBefore = bytesOf(db);
    send({ kind: 'begun', usedBytes: bytesBefore - bytesOf(db, 'freelist_count') });
    db.exec('VACUUM');
    // The file is as long as before until all of its log is put into it, which waits for nobody: who
    // looks at it may do so for long.
    db.pragma('busy_timeout = 0');
    const [log] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    send({ kind: 'done', bytesBefore, bytes: bytesOf(db), isShrinkingLater: log?.busy !== 0 });
  } finally {
    db.close();
  }
}

function bytesOf(db: Database.Database, counted: 'page_count' | 'freelist_count' = 'page_count') {
  return [counted, 'page_size']
    .map((pragma) => Number(db.pragma(pragma, { simple: true })))
    .reduce((pages, bytes) => pages * bytes);
}

function failureOf(thrown: unknown): BackstepError {
  const isFull = thrown instanceof Database.SqliteError && thrown.code === 'SQLITE_FULL';
  if (!isFull) return unusable(path, thrown, 'look at it with `backstep doctor`');
  const why =
    'there is no room for what stays, once among temporary files and once beside the file';
  return refused(path, why, 'make room, or name another folder in SQLITE_TMPDIR', thrown);
}
