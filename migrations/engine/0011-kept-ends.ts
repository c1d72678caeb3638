/**
 * How sagas ended that were removed since: kept with their start key, for a start that is repeated.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  // Null while the saga is there, and of one that was removed before this column was.
  `ALTER TABLE start_keys ADD COLUMN final_status TEXT`,
  // Written once, when the saga is removed: no start and no turn pays for it.
  `CREATE INDEX start_keys_of_removed ON start_keys (saga_id) WHERE final_status IS NOT NULL`,
];
