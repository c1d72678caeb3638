/**
 * The inbox: starts and events that other transactions than the engine's own ask for, by a row.
 *
 * Never edited after a release; a change is a new numbered file. A row that was taken goes away in
 * the commit of its turn. One that was refused, and a request of another process that was answered,
 * has `settled_at` and stays for a while. Ids are never used again, so that a row is never taken for
 * another one.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // What cannot be meant is refused here, in the transaction of whoever writes it.
  `CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'event', 'command')),
    target TEXT NOT NULL CHECK (length(target) BETWEEN 1 AND 255),
    payload TEXT NOT NULL CHECK (length(payload) <= 1048576 AND json_valid(payload)),
    key TEXT CHECK (length(key) BETWEEN 1 AND 255),
    options TEXT CHECK (length(options) <= 1048576 AND json_valid(options)),
    request TEXT UNIQUE,
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
    settled_at INTEGER,
    answer TEXT
  ) STRICT`,
  'CREATE INDEX inbox_open ON inbox (id) WHERE settled_at IS NULL',
  'CREATE INDEX inbox_settled ON inbox (settled_at) WHERE settled_at IS NOT NULL',
];
