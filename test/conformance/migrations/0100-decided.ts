/** A participant's table, in the database that sagas are kept in. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE decided (of_key TEXT PRIMARY KEY)`.execute(db);
}
