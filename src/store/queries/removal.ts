/**
 * The removal of sagas that ended long ago: which they are, what goes, and what is kept of them.
 *
 * Invariant: the highest internal id and the highest journal seq are never removed, because the
 * next process counts on from them.
 */
import { type Kysely, sql } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import type { SagaStatus } from '../../core/status.ts';
import type { EngineTables } from '../schema.ts';

export interface RemovalReads {
  /**
   * Internal ids of sagas that ended before, the oldest first; without those that have a message on
   * its way and children of a parent that is not over.
   */
  removable(endedBeforeMs: number, limit: number): Promise<readonly number[]>;
  /** How long removals wait still, and when the newest line of the journal was written. */
  removalHold(): Promise<RemovalHold>;
  /** How a saga with a start key ended that was removed since; `null`: not known. */
  finalStatus(sagaId: string): Promise<SagaStatus | null>;
}

export interface RemovalHold {
  /** Milliseconds of running time; `null`: they do not wait. */
  readonly heldMs: number | null;
  /** Milliseconds since 1970; `null` where there is no journal yet. */
  readonly newestAtMs: number | null;
}

/** Keeps how long removals wait. */
export function holdStatement(heldMs: number | null): ExpectedStatement {
  const whole = heldMs === null ? null : Math.ceil(heldMs);
  return { sql: 'UPDATE engine SET removal_held_ms = ? WHERE id = 1', parameters: [whole] };
}

/**
 * Removes sagas with all that hangs off them but dead letters and start keys, which are told how
 * their sagas ended.
 */
export function removalStatements(sids: readonly number[]): readonly ExpectedStatement[] {
  const places = sids.map(() => '?').join(', ');
  const removals = ['journal', 'audit', 'sagas'].map(
    (table) => `DELETE FROM ${table} WHERE sid IN (${places})`,
  );
  const keepEnds = `UPDATE start_keys SET final_status = sagas.status FROM sagas
    WHERE sagas.sid IN (${places})
      AND start_keys.type = sagas.type AND start_keys.key = sagas.key`;
  return [keepEnds, ...removals].map((text) => ({ sql: text, parameters: sids }));
}

export function createRemovalReads(db: Kysely<EngineTables>): RemovalReads {
  return {
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

    async removalHold() {
      const row = await db
        .selectFrom('engine')
        .select('removal_held_ms as heldMs')
        .select((eb) =>
          eb.selectFrom('journal').select('at').orderBy('seq', 'desc').limit(1).as('newestAtMs'),
        )
        .executeTakeFirst();
      return row ?? { heldMs: null, newestAtMs: null };
    },

    async finalStatus(sagaId) {
      const row = await db
        .selectFrom('start_keys')
        .select('final_status as status')
        .where('saga_id', '=', sagaId)
        .where('final_status', 'is not', null) // what its index holds
        .executeTakeFirst();
      return row?.status ?? null;
    },
  };
}
