/**
 * Sagas that were accepted and have not begun, and the way to those that ended long ago.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // position: the journal seq of the turn that put the saga in the queue of its type; null while
  // it waits for its time, which is start_at.
  `CREATE TABLE pending_starts (
    sid INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    position INTEGER,
    start_at INTEGER
  ) STRICT`,
  `CREATE INDEX pending_starts_by_position ON pending_starts (type, position)`,
  // Written once in the life of a saga.
  `CREATE INDEX sagas_by_end ON sagas (ended_at, sid) WHERE ended_at IS NOT NULL`,
];
