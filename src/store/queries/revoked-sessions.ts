/**
 * What is stored of sessions that were ended before their time: statements for the writer, one
 * question for the reader.
 */
import type { Kysely } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import { statementOf } from '../dialect.ts';
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
  db: Kysely<EngineTables>,
  { id, untilMs }: RevokedSession,
  nowMs: number,
): readonly ExpectedStatement[] {
  const forget = db
    .deleteFrom('revoked_sessions')
    .where('until', '<=', nowMs)
    .where('id', '<>', EVERY_SESSION);
  const keepLater = db
    .insertInto('revoked_sessions')
    .values({ id, until: untilMs })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ until: untilMs })
        .where('revoked_sessions.until', '<', untilMs),
    );
  return [statementOf(forget), statementOf(keepLater)];
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
