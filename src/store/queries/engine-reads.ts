/**
 * The runtime's own reads: by key or by index, on a lane of their own, so that a slow page never
 * holds a saga up.
 *
 * Invariant: each is one statement, so each sees one committed state; but for results that stand in
 * a journal, of which see whole-saga.ts.
 */
import type { Kysely } from 'kysely';
import type { EngineTables } from '../schema.ts';
import { filledUp, gatheredReads } from './gathered-reads.ts';
import { createInboxReads, type InboxReads } from './inbox.ts';
import { createStartReads, type StartReads } from './start-reads.ts';
import { createUpkeepReads, type UpkeepReads } from './upkeep-reads.ts';
import type { PendingMessage, StoredSaga, Wake } from '../store.ts';
import { isWanting, type LinesOf, wholeSaga } from './whole-saga.ts';

/** The reading half of the store. */
export interface EngineReads {
  loadBySid(sid: number): Promise<StoredSaga | null>;
  sidOf(sagaId: string): Promise<number | null>;
  findStartKey(type: string, key: string): Promise<{ sagaId: string; inputHash: string } | null>;
  wakes(untilMs: number, after: Wake | null, limit: number): Promise<readonly Wake[]>;
  pendingMessages(afterId: number, limit: number): Promise<readonly PendingMessage[]>;
  readonly starts: StartReads;
  readonly upkeep: UpkeepReads;
  readonly inbox: InboxReads;
}

export function createEngineReads(db: Kysely<EngineTables>): EngineReads {
  const idWithSid = gatheredReads(
    (ids: readonly string[]) =>
      db.selectFrom('sagas').select(['id', 'sid']).where('id', 'in', ids).execute(),
    ({ id }) => id,
  );
  const sidOf = async (sagaId: string): Promise<number | null> =>
    (await idWithSid(sagaId))?.sid ?? null;

  const rowOf = gatheredReads(
    (sids: readonly number[]) =>
      db
        .selectFrom('sagas')
        .select(['sid', 'id', 'type', 'version', 'definition_hash as definitionHash'])
        .select(['status', 'seq', 'state', 'format', 'checksum', 'created_at as createdAtMs'])
        .where('sid', 'in', sids)
        .execute(),
    ({ sid }) => sid,
  );

  const linesOf: LinesOf = (sid, sagaSeqs) =>
    db
      .selectFrom('journal')
      .select(['saga_seq as sagaSeq', 'cause', 'data', 'format'])
      .where('sid', '=', sid)
      .where('saga_seq', 'in', filledUp(sagaSeqs))
      .execute();

  return {
    starts: createStartReads(db),
    upkeep: createUpkeepReads(db),
    inbox: createInboxReads(db),

    async loadBySid(sid) {
      const row = await rowOf(sid);
      if (row === null) return null;
      const whole = await wholeSaga(row, linesOf);
      // Its lines are damaged, or the saga was removed in between and its row is gone as well.
      return isWanting(whole) ? rowOf(sid) : whole;
    },

    sidOf,

    async findStartKey(type, key) {
      const row = await db
        .selectFrom('start_keys')
        .select(['saga_id as sagaId', 'input_hash as inputHash'])
        .where('type', '=', type)
        .where('key', '=', key)
        .executeTakeFirst();
      return row ?? null;
    },

    wakes(untilMs, after, limit) {
      return db
        .selectFrom('sagas')
        .select('sid')
        .select((eb) => eb.ref('wake_at').$notNull().as('wakeAtMs'))
        .where('wake_at', 'is not', null)
        .where('wake_at', '<=', untilMs)
        .$if(after !== null, (query) =>
          query.where((eb) =>
            eb(eb.refTuple('wake_at', 'sid'), '>', eb.tuple(after?.wakeAtMs ?? 0, after?.sid ?? 0)),
          ),
        )
        .orderBy('wake_at')
        .orderBy('sid')
        .limit(limit)
        .execute();
    },

    pendingMessages(afterId, limit) {
      return (
        db
          .selectFrom('outbox')
          .innerJoin('sagas', 'sagas.sid', 'outbox.sid')
          .select(['outbox.id', 'outbox.sid', 'sagas.id as sagaId', 'sagas.type'])
          .select(['outbox.event', 'outbox.data', 'outbox.known_as as knownAs'])
          .where('outbox.id', '>', afterId)
          // A saga that leaves for another database takes what it has to say along.
          .where((eb) =>
            eb.not(
              eb.exists(
                eb
                  .selectFrom('moved_sagas')
                  .select('moved_sagas.sid')
                  .whereRef('moved_sagas.sid', '=', 'outbox.sid')
                  .where('moved_sagas.phase', '=', 'leaving'),
              ),
            ),
          )
          .orderBy('outbox.id')
          .limit(limit)
          .execute()
      );
    },
  };
}
