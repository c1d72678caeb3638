/**
 * Whether the removal of ended sagas waits because the clock was set, over restarts too.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // How much longer, in milliseconds of running time; null: it does not wait.
  await sql.raw('ALTER TABLE engine ADD COLUMN removal_held_ms INTEGER').execute(db);
}
