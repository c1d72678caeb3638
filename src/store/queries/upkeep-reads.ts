/**
 * For the upkeep of stored sagas: what they run under, those whose version was gone, and by
 * removal.ts those that ended long ago.
 *
 * Invariant: each read is one statement.
 */
import type { Kysely } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import { CAME_BACK } from './moves.ts';
import { createRemovalReads, type RemovalReads } from './removal.ts';
import type { EngineTables } from '../schema.ts';

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

/** Where a saga goes that leaves a database. */
export interface WayOut {
  readonly move: string;
  readonly place: string;
  readonly isGone: boolean;
}

/** Of the sagas of a status. */
export interface StatusRange {
  readonly status: SagaStatus;
  readonly afterSid: number;
  readonly untilSid: number;
}

export interface UpkeepReads extends RemovalReads {
  /** What the sagas of a range that are not over run under, at most `limit` sagas looked at. */
  drawingsInUse(range: StatusRange, limit: number): Promise<DrawingsInUse>;
  /** Internal ids of those that run under it. */
  ofDrawing(drawing: Drawing, range: StatusRange): Promise<readonly number[]>;
  parkedForVersion(afterSid: number, limit: number): Promise<readonly ParkedForVersion[]>;
  /** What the saga's row says of why it stands as it does. */
  errorOf(sid: number): Promise<string | null>;
  /** Where a saga goes, or went, that leaves this database; `null`: it does not. */
  wayOf(sagaId: string): Promise<WayOut | null>;
  /** The sagas shown here run elsewhere. */
  isProjection(): Promise<boolean>;
}

export function createUpkeepReads(db: Kysely<EngineTables>): UpkeepReads {
  return {
    ...createRemovalReads(db),

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
        .select((eb) => eb.fn.countAll<number>().filterWhere('ended_at', 'is', null).as('underWay'))
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

    async wayOf(sagaId) {
      const row = await db
        .selectFrom('moved_sagas')
        .select(['move', 'phase', 'place'])
        .where('saga_id', '=', sagaId)
        .where('phase', '<>', 'here')
        .where('sid', '<>', CAME_BACK)
        .executeTakeFirst();
      return row === undefined ? null : { ...row, isGone: row.phase === 'gone' };
    },

    async isProjection() {
      const row = await db.selectFrom('engine').select('is_projection').executeTakeFirst();
      return row?.is_projection === 1;
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
