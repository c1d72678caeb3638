/** Who owns a database and who stands by, read from any process. */
import { type Kysely, sql } from 'kysely';
import type { EngineTables } from '../../schema.ts';
import type { OwnerFacts } from '../../store.ts';
import { newsSessionName } from '../news-line.ts';

/** `schema`: a checked name. Throws as reads do. */
export async function readOwner(db: Kysely<EngineTables>, schema: string): Promise<OwnerFacts> {
  const { rows } = await sql<OwnerFacts & { processes: number }>`
    SELECT CASE WHEN instance IS NOT NULL THEN owner END AS "label",
      CASE WHEN instance IS NOT NULL THEN since END AS "sinceMs",
      floor(extract(epoch FROM clock_timestamp() - at) * 1000)::bigint AS "silentMs",
      (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = ${newsSessionName(schema)}
      ) AS "processes"
    FROM ${sql.table(`${schema}.beats`)} WHERE id = 1`.execute(db);
  const { label = null, sinceMs = null, silentMs = null, processes = 0 } = rows[0] ?? {};
  // A process has one such session, the owner too.
  const standbys = Math.max(0, processes - (label === null ? 0 : 1));
  return { label, sinceMs, silentMs, standbys };
}
