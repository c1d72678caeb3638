/**
 * Sagas that have something in flight are no longer in the index of lists: most turns change their step,
 * attempts and time alone, and rewrote an entry of it for that, more than a page of six that a turn of
 * one saga alone writes. There are few of them at any time, and `sagas_by_wake` has them in the order of
 * lists: their `wake_at` is 0. The others change only where that changes too. It stands in the index as
 * well, because a question that names it would else read each row.
 *
 * Never edited after a release; a change is a new numbered file.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('DROP INDEX sagas_for_lists').execute(db);
  await sql
    .raw(
      `CREATE INDEX sagas_for_lists ON sagas
        (sid, status, type, step, attempts, updated_at, key, id, error, version, ended_at, wake_at)
        WHERE wake_at IS NOT 0`,
    )
    .execute(db);
}
