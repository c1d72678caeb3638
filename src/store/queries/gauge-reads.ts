/**
 * What is watched of a database from outside, by type: what is under way, what needs a person, what
 * waits to be handed over.
 *
 * Invariant: each costs with what is open, never with what has ended and is kept; ended sagas are
 * counted within a range of numbers that whoever asks keeps small.
 */
import { type Kysely, sql } from 'kysely';
import { isEnded, SAGA_STATUSES, type SagaStatus } from '../../core/status.ts';
import { type DatabaseSize, dialectOf } from '../dialect.ts';
import type { EngineTables } from '../schema.ts';

/** Sagas of a type that are not over, by where they stand. */
export interface UnderWay {
  readonly type: string;
  readonly status: SagaStatus;
  readonly count: number;
}

/** Of the sagas of a type that should be moving. */
export interface LongestUnmoved {
  readonly type: string;
  /** When the one that changed longest ago did, milliseconds since 1970. */
  readonly oldestMs: number;
}

/** Open dead letters of a type. */
export interface OpenLetters {
  readonly type: string;
  readonly kind: SagaStatus;
  readonly count: number;
  /** When the oldest of them was opened, milliseconds since 1970. */
  readonly oldestMs: number;
}

/** How many sagas have a status. */
export interface CountedStatus {
  readonly status: SagaStatus;
  readonly count: number;
}

export interface GaugeReads {
  /** Sagas that have not ended, by status. */
  notEnded(): Promise<readonly CountedStatus[]>;
  /** Of the sagas with these internal ids those that ended, by status. */
  endedWithin(range: {
    readonly afterSid: number;
    readonly untilSid: number;
  }): Promise<readonly CountedStatus[]>;
  /** The highest internal id there is; 0: none. */
  lastSid(): Promise<number>;
  /** When the last of them ended, milliseconds since 1970; 0: none has. */
  lastEndMs(): Promise<number>;
  /** Which ranges of so many internal ids, from 0, have sagas that ended from then on. */
  rangesEndedSince(sinceMs: number, size: number): Promise<readonly number[]>;
  underWay(): Promise<readonly UnderWay[]>;
  longestUnmoved(): Promise<readonly LongestUnmoved[]>;
  openLetters(): Promise<readonly OpenLetters[]>;
  /** Messages that nobody has acknowledged yet. */
  waitingMessages(): Promise<number>;
  size(): Promise<DatabaseSize>;
}

const ENDED = SAGA_STATUSES.filter(isEnded);
const NOT_ENDED = SAGA_STATUSES.filter((status) => !isEnded(status));
/** Those that need a person have a dead letter instead. */
const UNDER_WAY: readonly SagaStatus[] = ['running', 'waiting', 'paused', 'compensating'];
/** Something is to happen to them by itself: an attempt, or a retry. */
const MOVING: readonly SagaStatus[] = ['running', 'compensating'];

export function createGaugeReads(db: Kysely<EngineTables>): GaugeReads {
  const sagas = dialectOf(db).byIndex('sagas', 'sagas_by_status');
  const byEnd = dialectOf(db).byIndex('sagas', 'sagas_by_end');
  return {
    async notEnded() {
      const { rows } = await sql<CountedStatus>`
        SELECT status, count(*) AS count FROM ${sagas}
          WHERE status IN (${sql.join(NOT_ENDED)}) GROUP BY status`.execute(db);
      return rows;
    },

    async endedWithin({ afterSid, untilSid }) {
      const { rows } = await sql<CountedStatus>`
        SELECT status, count(*) AS count FROM ${sagas}
          WHERE status IN (${sql.join(ENDED)}) AND sid > ${afterSid} AND sid <= ${untilSid}
          GROUP BY status`.execute(db);
      return rows;
    },

    async lastSid() {
      const row = await db
        .selectFrom('sagas')
        .select((eb) => eb.fn.max('sid').as('last'))
        .executeTakeFirst();
      return row?.last ?? 0;
    },

    async lastEndMs() {
      const row = await db
        .selectFrom('sagas')
        .select((eb) => eb.fn.max('ended_at').as('last'))
        .where('ended_at', 'is not', null)
        .executeTakeFirst();
      return row?.last ?? 0;
    },

    async rangesEndedSince(sinceMs, size) {
      const { rows } = await sql<{ part: number }>`
        SELECT DISTINCT (sid - 1) / ${sql.lit(size)} AS part FROM ${byEnd}
          WHERE ended_at >= ${sinceMs}`.execute(db);
      return rows.map(({ part }) => part);
    },

    async underWay() {
      const { rows } = await sql<UnderWay>`
        SELECT type, status, count(*) AS count FROM ${sagas}
          WHERE status IN (${sql.join(UNDER_WAY)}) GROUP BY type, status`.execute(db);
      return rows;
    },

    async longestUnmoved() {
      const { rows } = await sql<LongestUnmoved>`
        SELECT type, min(updated_at) AS ${sql.ref('oldestMs')} FROM ${sagas}
          WHERE status IN (${sql.join(MOVING)}) GROUP BY type`.execute(db);
      return rows;
    },

    openLetters() {
      return db
        .selectFrom('dead_letters')
        .innerJoin('sagas', 'sagas.sid', 'dead_letters.sid')
        .select(['sagas.type', 'dead_letters.kind'])
        .select((eb) => [
          eb.fn.countAll<number>().as('count'),
          eb.fn.min('opened_at').as('oldestMs'),
        ])
        .where('resolved_at', 'is', null)
        .groupBy(['sagas.type', 'dead_letters.kind'])
        .execute();
    },

    async waitingMessages() {
      const row = await db
        .selectFrom('outbox')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirst();
      return row?.count ?? 0;
    },

    async size() {
      const { rows } = await dialectOf(db).size.execute(db);
      return rows[0] ?? { bytes: 0, freeBytes: null };
    },
  };
}
