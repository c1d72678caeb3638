/**
 * Whether the last owner of the file left it in good order: what it had under way then was ended on
 * purpose, and did not end it.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE engine ADD COLUMN left_clean INTEGER NOT NULL DEFAULT 0').execute(db);
}
