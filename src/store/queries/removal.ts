/**
 * The removal of sagas that ended long ago: which they are, what goes, and what is kept of them.
 *
 * Invariant: the highest internal id and the highest journal seq are never removed, because the
 * next process counts on from them.
 */
import { type AliasableExpression, expressionBuilder, type Kysely } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import type { SagaStatus } from '../../core/status.ts';
import { dialectOf, statementOf } from '../dialect.ts';
import type { EngineTables } from '../schema.ts';

type Db = Kysely<EngineTables>;

export interface RemovalReads {
  /**
   * Looks at sagas that ended before, the oldest first, at most `limit` of them. Those that may go are
   * without what has a message on its way, and without children of a parent that is not over.
   */
  removable(
    endedBeforeMs: number,
    limit: number,
    after?: RemovalPlace | null,
  ): Promise<RemovalLook>;
  /** How long removals wait still, and when the newest line of the journal was written. */
  removalHold(): Promise<RemovalHold>;
  /** How a saga with a start key ended that was removed since; `null`: not known. */
  finalStatus(sagaId: string): Promise<SagaStatus | null>;
}

/** The saga that a look ended at. */
export interface RemovalPlace {
  readonly endedAtMs: number;
  readonly sid: number;
}

/** What one look found. */
export interface RemovalLook {
  /** Internal ids of those that may go. */
  readonly sids: readonly number[];
  /** Where the next look goes on; `null`: there are no more. */
  readonly next: RemovalPlace | null;
}

export interface RemovalHold {
  /** Milliseconds of running time; `null`: they do not wait. */
  readonly heldMs: number | null;
  /** Milliseconds since 1970; `null` where there is no journal yet. */
  readonly newestAtMs: number | null;
}

/** Keeps how long removals wait. */
export function holdStatement(db: Db, heldMs: number | null): ExpectedStatement {
  const whole = heldMs === null ? null : Math.ceil(heldMs);
  return statementOf(db.updateTable('engine').set({ removal_held_ms: whole }).where('id', '=', 1));
}

/**
 * Removes sagas with all that hangs off them but dead letters and start keys, which are told how
 * their sagas ended.
 */
export function removalStatements(db: Db, sids: readonly number[]): readonly ExpectedStatement[] {
  const keepEnds = db
    .updateTable('start_keys')
    .from('sagas')
    .set((eb) => ({ final_status: eb.ref('sagas.status') }))
    .where('sagas.sid', 'in', sids)
    .whereRef('start_keys.type', '=', 'sagas.type')
    .whereRef('start_keys.key', '=', 'sagas.key');
  const tables = ['journal', 'audit', 'sagas'] as const;
  const removals = tables.map((table) => db.deleteFrom(table).where('sid', 'in', sids));
  return [keepEnds, ...removals].map(statementOf);
}

export function createRemovalReads(db: Db): RemovalReads {
  return {
    async removable(endedBeforeMs, limit, after = null) {
      // The bound is on what is looked at, so that no look takes long however many must stay.
      const rows = await db
        .selectFrom('sagas')
        .select('sid')
        .select((eb) => [eb.ref('ended_at').$notNull().as('endedAtMs'), isHeld(db).as('isHeld')])
        .where('ended_at', '<', endedBeforeMs)
        .$if(after !== null, (query) =>
          query.where((eb) =>
            eb(
              eb.refTuple('ended_at', 'sid'),
              '>',
              eb.tuple(after?.endedAtMs ?? 0, after?.sid ?? 0),
            ),
          ),
        )
        .orderBy('ended_at')
        .orderBy('sid')
        .limit(limit)
        .execute();
      const sids = rows.flatMap((row) => (row.isHeld === 1 ? [] : [row.sid]));
      const last = rows.length < limit ? undefined : rows.at(-1);
      const next = last === undefined ? null : { endedAtMs: last.endedAtMs, sid: last.sid };
      return { sids, next };
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

/** 1 where a saga that ended must stay still. */
function isHeld(db: Db): AliasableExpression<number> {
  const parentId = dialectOf(db).jsonText('sagas.state', ['parent', 'sagaId']);
  const eb = expressionBuilder<EngineTables, 'sagas'>();
  const newest = eb
    .selectFrom('sagas as newest')
    .select((one) => one.fn.max('newest.sid').as('sid'));
  const last = eb.selectFrom('journal').select('journal.sid').orderBy('seq', 'desc').limit(1);
  const parent = eb
    .selectFrom('sagas as parent')
    .select('parent.sid')
    .where('parent.id', '=', parentId)
    .where('parent.ended_at', 'is', null);
  return eb
    .case()
    .when(
      eb.or([
        eb('sagas.sid', '=', newest),
        eb('sagas.sid', '=', last),
        eb('sagas.sid', 'in', eb.selectFrom('outbox').select('outbox.sid')),
        eb.exists(parent),
      ]),
    )
    .then(eb.lit(1))
    .else(eb.lit(0))
    .end();
}
