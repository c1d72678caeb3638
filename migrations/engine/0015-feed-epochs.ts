/**
 * The epochs of a database: each opening begins one, after the entry of the journal that was the
 * last then. A restored file lacks the epochs that began after it was copied.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const table = `CREATE TABLE feed_epochs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    after_seq INTEGER NOT NULL
  ) STRICT`;
  await sql.raw(table).execute(db);
}
