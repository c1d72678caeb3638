/**
 * The version and the end of a saga in the index of lists, so that sagas are counted by version
 * without the wide rows: over 1,000,000 of those the count took longer than a read may.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('DROP INDEX sagas_for_lists').execute(db);
  await sql
    .raw(
      `CREATE INDEX sagas_for_lists ON sagas
        (sid, status, type, step, attempts, updated_at, key, id, error, version, ended_at)`,
    )
    .execute(db);
}
