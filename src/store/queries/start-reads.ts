/**
 * Reads about sagas that were accepted and have not begun.
 *
 * Invariant: each is one statement, so each sees one committed state.
 */
import type { Kysely } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import type { EngineTables } from '../schema.ts';

/** How many sagas of a type have a place, and how many wait for one. */
export interface StartCounts {
  readonly active: number;
  readonly queued: number;
}

/** A saga that has not begun. */
export interface PendingStartRecord {
  /** Its time, milliseconds since 1970; `null` once it only waits for a place. */
  readonly startAtMs: number | null;
  /** 1: it is the next one of its type; `null` before its time. */
  readonly position: number | null;
}

/** What waits to begin, by type. */
export interface StartQueueSize {
  readonly type: string;
  readonly queued: number;
  readonly scheduled: number;
}

/** What the engine reads to hand out places. */
export interface StartReads {
  counts(type: string): Promise<StartCounts>;
  queues(): Promise<readonly StartQueueSize[]>;
  /** Internal ids, first come first. */
  queued(type: string, limit: number): Promise<readonly number[]>;
}

type Db = Kysely<EngineTables>;

/** A saga in one of these has its place. */
const ACTIVE: readonly SagaStatus[] = ['running', 'waiting', 'compensating', 'paused'];

export function createStartReads(db: Db): StartReads {
  return {
    async counts(type) {
      const row = await db
        .selectNoFrom((eb) => [
          eb
            .selectFrom('sagas')
            .select((count) => count.fn.countAll<number>().as('count'))
            .where('type', '=', type)
            .where('status', 'in', ACTIVE)
            .where((saga) =>
              saga.not(
                saga.exists(
                  saga
                    .selectFrom('pending_starts')
                    .select('pending_starts.sid')
                    .whereRef('pending_starts.sid', '=', 'sagas.sid'),
                ),
              ),
            )
            .as('active'),
          eb
            .selectFrom('pending_starts')
            .select((count) => count.fn.countAll<number>().as('count'))
            .where('type', '=', type)
            .where('position', 'is not', null)
            .as('queued'),
        ])
        .executeTakeFirst();
      return { active: row?.active ?? 0, queued: row?.queued ?? 0 };
    },

    queues: () => startQueues(db),

    async queued(type, limit) {
      const rows = await db
        .selectFrom('pending_starts')
        .select('sid')
        .where('type', '=', type)
        .where('position', 'is not', null)
        .orderBy('position')
        .limit(limit)
        .execute();
      return rows.map(({ sid }) => sid);
    },
  };
}

/** How a saga waits to begin; `null` when it does not. */
export async function pendingStart(db: Db, id: string): Promise<PendingStartRecord | null> {
  const row = await db
    .selectFrom('pending_starts')
    .innerJoin('sagas', 'sagas.sid', 'pending_starts.sid')
    .select(['pending_starts.start_at as startAtMs', 'pending_starts.position as place'])
    .select((eb) =>
      eb
        .selectFrom('pending_starts as other')
        .select((count) => count.fn.countAll<number>().as('count'))
        .whereRef('other.type', '=', 'pending_starts.type')
        .whereRef('other.position', '<=', 'pending_starts.position')
        .as('position'),
    )
    .where('sagas.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { startAtMs: row.startAtMs, position: row.place === null ? null : row.position };
}

/** Types with sagas that wait to begin. */
export async function startQueues(db: Db): Promise<readonly StartQueueSize[]> {
  const rows = await db
    .selectFrom('pending_starts')
    .select((eb) => [
      'type',
      eb.fn.count<number>('position').as('queued'),
      eb.fn.countAll<number>().as('total'),
    ])
    .groupBy('type')
    .orderBy('type')
    .execute();
  return rows.map(({ type, queued, total }) => ({ type, queued, scheduled: total - queued }));
}
