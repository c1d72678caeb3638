/**
 * What is watched of a database from outside, by type: what is under way, what needs a person, what
 * waits to be handed over.
 *
 * Invariant: each costs with what is open, never with what has ended and is kept.
 */
import { type Kysely, sql } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import { dialectOf } from '../dialect.ts';
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

export interface GaugeReads {
  underWay(): Promise<readonly UnderWay[]>;
  longestUnmoved(): Promise<readonly LongestUnmoved[]>;
  openLetters(): Promise<readonly OpenLetters[]>;
  /** Messages that nobody has acknowledged yet. */
  waitingMessages(): Promise<number>;
}

/** Those that need a person have a dead letter instead. */
const UNDER_WAY: readonly SagaStatus[] = ['running', 'waiting', 'paused', 'compensating'];
/** Something is to happen to them by itself: an attempt, or a retry. */
const MOVING: readonly SagaStatus[] = ['running', 'compensating'];

export function createGaugeReads(db: Kysely<EngineTables>): GaugeReads {
  const sagas = dialectOf(db).byIndex('sagas', 'sagas_by_status');
  return {
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
  };
}
