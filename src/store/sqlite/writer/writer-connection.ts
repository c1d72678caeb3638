/**
 * The one connection that writes: how it is set up, and how it makes itself the owner.
 *
 * Invariant: `synchronous=FULL` is in force before anything is promised, seen and not assumed.
 */
import type Database from 'better-sqlite3';
import type { Ownership } from '../../store.ts';
import { type SqlNames, sqlWithPrefix } from '../../sql-names.ts';
import { openForWriting } from '../database-file.ts';
import { beginFeedEpoch } from './feed-epoch-writer.ts';
import { generationOf, lastInUse, takeOver, type TakenOver } from '../ownership/ownership.ts';
import type { WriterOptions } from './writer-thread.ts';

/** How long a statement waits for a foreign lock before the batch counts as stalled. */
const BUSY_WAIT_MS = 250;
const CACHE_KIB = 65_536;
const FULL_SYNCHRONOUS = 2;
/** What `maxPages` counts in, whatever the pages of the file are. */
const COUNTED_PAGE_BYTES = 8192;

/** An open database of which we are the owner. */
export interface WriterConnection extends Ownership {
  readonly db: Database.Database;
  readonly names: SqlNames;
  readonly ownerEpoch: number;
}

/** Opens a migrated database and takes it over. Throws when it cannot be used or made safe. */
export function openWriterConnection(options: WriterOptions): WriterConnection {
  const db = openForWriting(options.realPath, BUSY_WAIT_MS);
  try {
    configure(db, options.maxPages);
    const names = sqlWithPrefix(options.tablePrefix);
    const taken = takeOverSafely(db, names);
    const last = lastInUse(db, names);
    beginFeedEpoch(db, names, last.lastSeq);
    const generation = generationOf(db, names, Date.now());
    return { db, names, ...taken, ...last, ...generation };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function configure(db: Database.Database, maxPages: number | null): void {
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 0');
  db.pragma('foreign_keys = OFF');
  // Savepoints spill to memory: a full temp folder must not look like a full disk.
  db.pragma('temp_store = MEMORY');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  if (maxPages === null) return;
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  db.pragma(`max_page_count = ${Math.floor((maxPages * COUNTED_PAGE_BYTES) / pageBytes)}`);
}

/** The first write also shows that FULL is in force. */
function takeOverSafely(db: Database.Database, names: SqlNames): TakenOver {
  const taken = takeOver(db, names);
  // Read after a write: on an untouched connection the pragma tells the compiled default.
  if (db.pragma('synchronous', { simple: true }) !== FULL_SYNCHRONOUS) {
    throw new Error('synchronous=FULL could not be set');
  }
  return taken;
}
