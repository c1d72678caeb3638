/**
 * In which form each state and each journal record is written: see src/core/history/stored-format.ts.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  // What is there was written in the first form. A constant of one byte, and no index has it.
  for (const table of ['sagas', 'journal']) {
    await sql.raw(`ALTER TABLE ${table} ADD COLUMN format INTEGER NOT NULL DEFAULT 1`).execute(db);
  }
}
