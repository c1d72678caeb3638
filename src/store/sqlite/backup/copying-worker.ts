/**
 * The thread that copies a database: page by page, from one moment of it, beside whoever writes.
 *
 * Its read transaction stays open until the last page: else each commit of the owner would begin the
 * copy anew. Meanwhile the owner's log grows by what is committed; nothing of it waits.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { toFailure } from '../../../core/failure.ts';
import { APPLICATION_ID } from '../database-file.ts';
import { foundPrefix } from '../found-prefix.ts';
import { sqlWithPrefix } from '../../sql-names.ts';
import type { CopyOptions, FromCopying } from './copying.ts';

const BUSY_WAIT_MS = 5_000;
/** Copied between two looks at the rest of the thread: 2 MiB. */
const PAGES_A_STEP = 256;
/** Flaws that are told of a copy. */
const MAX_FLAWS = 20;

const MARK = 'UPDATE engine SET is_copy = 1, copied_at = :at WHERE id = 1';
/** A copy that says when it was made; of another one the newest entry of its journal does. */
const MARK_AS_FOUND = `UPDATE engine SET is_copy = 1, copied_at = CASE WHEN is_copy = 1
  THEN copied_at ELSE (SELECT at FROM journal ORDER BY seq DESC LIMIT 1) END
  WHERE id = 1 AND :at IS NULL`;

const port = parentPort;
const send = (message: FromCopying): void => port?.postMessage(message);
try {
  await copy(workerData as CopyOptions);
} catch (thrown) {
  send({ kind: 'failed', why: toFailure(thrown).message });
}
port?.close();

async function copy({ from, to, copiedAtMs }: CopyOptions): Promise<void> {
  const source = new Database(from, { readonly: true, timeout: BUSY_WAIT_MS });
  try {
    if (source.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      return send({ kind: 'failed', why: 'it is not a Backstep database' });
    }
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM sqlite_schema').get();
    let pages = 0;
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        pages = totalPages;
        send({ kind: 'copied', pages: totalPages - remainingPages, of: totalPages });
        return PAGES_A_STEP;
      },
    });
    send({ kind: 'copied', pages, of: pages });
  } finally {
    source.close();
  }
  finish(to, copiedAtMs);
}

/** Makes one file of it that says what it is, and looks at every page. */
function finish(to: string, copiedAtMs: number | null): void {
  const db = new Database(to, { timeout: BUSY_WAIT_MS });
  try {
    // No log beside it, so that it can be read wherever it lies.
    db.pragma('journal_mode = DELETE');
    db.pragma('synchronous = FULL');
    mark(db, copiedAtMs);
    const found = db.pragma(`integrity_check(${MAX_FLAWS})`) as { integrity_check: string }[];
    const flaws = found.map((line) => line.integrity_check).filter((line) => line !== 'ok');
    send({ kind: 'done', flaws });
  } finally {
    db.close();
  }
}

/**
 * Whoever opens it next begins a new generation. One of an earlier schema cannot be marked: it is
 * told by its epochs of the feed alone.
 */
function mark(db: Database.Database, copiedAtMs: number | null): void {
  const { inSql } = sqlWithPrefix(foundPrefix(db));
  const columns = db.pragma(`table_info(${inSql('engine')})`) as { name: string }[];
  if (!columns.some(({ name }) => name === 'is_copy')) return;
  db.prepare(inSql(copiedAtMs === null ? MARK_AS_FOUND : MARK)).run({ at: copiedAtMs });
}
