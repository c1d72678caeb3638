/**
 * What is stored of sessions that were ended before their time: statements for the writer, one
 * question for the reader.
 */
import type { Kysely } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import type { EngineTables } from '../schema.ts';

/** Stands for every session that was begun before `untilMs`. */
export const EVERY_SESSION = '*';

export interface RevokedSession {
  readonly id: string;
  /** When its cookie is over by itself, milliseconds since 1970. */
  readonly untilMs: number;
}

/** Ends one session, or by `EVERY_SESSION` all; forgets those that are over by themselves. */
export function revokeWrites(
  { id, untilMs }: RevokedSession,
  nowMs: number,
): readonly ExpectedStatement[] {
  return [
    {
      sql: 'DELETE FROM revoked_sessions WHERE until <= ? AND id <> ?',
      parameters: [nowMs, EVERY_SESSION],
    },
    {
      sql: `INSERT INTO revoked_sessions (id, until) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)`,
      parameters: [id, untilMs],
    },
  ];
}

/** All that are stored, at most `limit`. */
export function revokedSessions(
  db: Kysely<EngineTables>,
  limit: number,
): Promise<readonly RevokedSession[]> {
  return db
    .selectFrom('revoked_sessions')
    .select(['id', 'until as untilMs'])
    .limit(limit)
    .execute();
}
