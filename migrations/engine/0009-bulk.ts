/**
 * Bulk commands: the frozen list of sagas each is for, and what came of it for each of them.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // Written after its items: a list that is there is whole.
  `CREATE TABLE bulk_commands (
    id INTEGER PRIMARY KEY,
    command TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT,
    filter TEXT,
    total INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER
  ) STRICT`,
  `CREATE TABLE bulk_items (
    bulk_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    saga_id TEXT NOT NULL,
    outcome TEXT,
    status TEXT,
    detail TEXT,
    PRIMARY KEY (bulk_id, position)
  ) STRICT, WITHOUT ROWID`,
];
