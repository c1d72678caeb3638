/**
 * For the upkeep of stored sagas: what they run under, those whose version was gone, those that
 * ended long ago.
 *
 * Invariant: each read is one statement. The highest internal id and the highest journal seq are
 * never removed, because the next process counts on from them.
 */
import { type Kysely, sql } from 'kysely';
import type { ExpectedStatement } from '../core/activity.ts';
import type { SagaStatus } from '../core/status.ts';
import type { EngineTables } from './schema.ts';

/** What a saga runs under. */
export interface Drawing {
  readonly type: string;
  readonly version: number;
  readonly definitionHash: string;
}

/** Sagas next to each other by internal id, by what they run under. */
export interface DrawingsInUse {
  readonly drawings: readonly Drawing[];
  /** Where the next look goes on; `null`: there are no more. */
  readonly lastSid: number | null;
}

/** A saga that was parked because it cannot go on under what is registered. */
export interface ParkedForVersion {
  readonly sid: number;
  readonly type: string;
  readonly version: number;
  /** `code: message`. */
  readonly error: string;
}

/** Of the sagas of a status. */
export interface StatusRange {
  readonly status: SagaStatus;
  readonly afterSid: number;
  readonly untilSid: number;
}

export interface UpkeepReads {
  /** What the sagas of a range that are not over run under, at most `limit` sagas looked at. */
  drawingsInUse(range: StatusRange, limit: number): Promise<DrawingsInUse>;
  /** Internal ids of those that run under it. */
  ofDrawing(drawing: Drawing, range: StatusRange): Promise<readonly number[]>;
  parkedForVersion(afterSid: number, limit: number): Promise<readonly ParkedForVersion[]>;
  /** What the saga's row says of why it stands as it does. */
  errorOf(sid: number): Promise<string | null>;
  /**
   * Internal ids of sagas that ended before, the oldest first; without those that have a message on
   * its way and children of a parent that is not over.
   */
  removable(endedBeforeMs: number, limit: number): Promise<readonly number[]>;
}

/** Removes sagas with all that hangs off them but start keys and dead letters. */
export function removalStatements(sids: readonly number[]): readonly ExpectedStatement[] {
  const places = sids.map(() => '?').join(', ');
  return ['journal', 'audit', 'sagas'].map((table) => ({
    sql: `DELETE FROM ${table} WHERE sid IN (${places})`,
    parameters: sids,
  }));
}

export function createUpkeepReads(db: Kysely<EngineTables>): UpkeepReads {
  return {
    async drawingsInUse({ status, afterSid, untilSid }, limit) {
      // The bound is on what is looked at, ended ones included, so that no look takes long.
      const rows = await db
        .selectFrom((eb) =>
          eb
            .selectFrom('sagas')
            .select(['sid', 'type', 'version', 'definition_hash', 'ended_at'])
            .where('status', '=', status)
            .where('sid', '>', afterSid)
            .where('sid', '<=', untilSid)
            .orderBy('sid')
            .limit(limit)
            .as('looked_at'),
        )
        .select(['type', 'version', 'definition_hash as definitionHash'])
        .select((eb) => [
          eb.fn.max<number>('sid').as('lastSid'),
          eb.fn.countAll<number>().as('count'),
        ])
        .select(sql<number>`sum(ended_at IS NULL)`.as('underWay'))
        .groupBy(['type', 'version', 'definition_hash'])
        .execute();
      const lookedAt = rows.reduce((sum, { count }) => sum + count, 0);
      const lastSid = Math.max(...rows.map((row) => row.lastSid));
      return {
        drawings: rows.flatMap(({ underWay, type, version, definitionHash }) =>
          underWay === 0 ? [] : [{ type, version, definitionHash }],
        ),
        lastSid: lookedAt < limit ? null : lastSid,
      };
    },

    async ofDrawing({ type, version, definitionHash }, { status, afterSid, untilSid }) {
      const rows = await db
        .selectFrom('sagas')
        .select('sid')
        .where('status', '=', status)
        .where('sid', '>', afterSid)
        .where('sid', '<=', untilSid)
        .where('type', '=', type)
        .where('version', '=', version)
        .where('definition_hash', '=', definitionHash)
        .where('ended_at', 'is', null)
        .orderBy('sid')
        .execute();
      return rows.map(({ sid }) => sid);
    },

    async errorOf(sid) {
      const row = await db
        .selectFrom('sagas')
        .select('error')
        .where('sid', '=', sid)
        .executeTakeFirst();
      return row?.error ?? null;
    },

    async removable(endedBeforeMs, limit) {
      const { rows } = await sql<{ sid: number }>`SELECT sid FROM sagas
        WHERE ended_at < ${endedBeforeMs}
          AND sid < (SELECT max(sid) FROM sagas)
          AND sid <> (SELECT sid FROM journal ORDER BY seq DESC LIMIT 1)
          AND sid NOT IN (SELECT sid FROM outbox)
          AND NOT EXISTS (
            SELECT 1 FROM sagas AS parent
            WHERE parent.id = sagas.state ->> '$.parent.sagaId' AND parent.ended_at IS NULL
          )
        ORDER BY ended_at
        LIMIT ${limit}`.execute(db);
      return rows.map(({ sid }) => sid);
    },

    parkedForVersion(afterSid, limit) {
      return db
        .selectFrom('sagas')
        .select(['sid', 'type', 'version'])
        .select((eb) => eb.ref('error').$notNull().as('error'))
        .where('status', '=', 'parked')
        .where('sid', '>', afterSid)
        .where('error', 'like', 'version-missing:%')
        .orderBy('sid')
        .limit(limit)
        .execute();
    },
  };
}
