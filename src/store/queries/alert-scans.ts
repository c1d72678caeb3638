/**
 * What rules of alerts are held against that no turn marks: what was there before a rule, and how
 * long the first in each line waits.
 */
import type { Kysely } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import type { EngineTables } from '../schema.ts';

/** A saga that a new rule may be about. */
export interface ScannedSaga {
  readonly sid: number;
  readonly type: string;
  readonly seq: number;
  readonly endedAtMs: number | null;
  /** Of its last turn; `null` where that is not in the journal. */
  readonly atMs: number | null;
  readonly path: string | null;
}

/** A dead letter that was open before a new rule. */
export interface ScannedLetter {
  readonly id: number;
  readonly sid: number;
  readonly type: string;
  readonly kind: SagaStatus;
  readonly letter: string;
  readonly openedAtMs: number;
}

export interface AlertScans {
  /** Sagas of a status by number, those that a person has settled among them. */
  scanSagas(status: SagaStatus, afterSid: number, limit: number): Promise<readonly ScannedSaga[]>;
  scanLetters(afterSid: number, limit: number): Promise<readonly ScannedLetter[]>;
  /** Since when the first in line waits; `null`: none does. */
  oldestStart(type: string): Promise<number | null>;
  oldestInboxRow(): Promise<number | null>;
  oldestMessage(): Promise<number | null>;
}

type Db = Kysely<EngineTables>;

export function createAlertScans(db: Db): AlertScans {
  return { ...ofWhatWasThere(db), ...ofQueues(db) };
}

function ofWhatWasThere(db: Db) {
  return {
    scanSagas: (status: SagaStatus, afterSid: number, limit: number) =>
      // The bound is on what is looked at, so that no look takes long.
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('sagas')
            .select(['sid', 'type', 'seq', 'ended_at'])
            .where('status', '=', status)
            .where('sid', '>', afterSid)
            .orderBy('sid')
            .limit(limit)
            .as('looked_at'),
        )
        .leftJoin('journal', (on) =>
          on
            .onRef('journal.sid', '=', 'looked_at.sid')
            .onRef('journal.saga_seq', '=', 'looked_at.seq'),
        )
        .select([
          'looked_at.sid',
          'looked_at.type',
          'looked_at.seq',
          'looked_at.ended_at as endedAtMs',
        ])
        .select(['journal.at as atMs', 'journal.to_state as path'])
        .orderBy('looked_at.sid')
        .execute(),

    scanLetters: (afterSid: number, limit: number) =>
      db
        .selectFrom('dead_letters')
        .innerJoin('sagas', 'sagas.sid', 'dead_letters.sid')
        .select(['dead_letters.id', 'dead_letters.sid', 'sagas.type', 'dead_letters.kind'])
        .select(['letter', 'opened_at as openedAtMs'])
        .where('dead_letters.resolved_at', 'is', null)
        .where('dead_letters.sid', '>', afterSid)
        .orderBy('dead_letters.sid')
        .limit(limit)
        .execute(),
  };
}

function ofQueues(db: Db) {
  return {
    async oldestStart(type: string) {
      const row = await db
        .selectFrom('pending_starts')
        .innerJoin('journal', 'journal.seq', 'pending_starts.position')
        .select('journal.at')
        .where('pending_starts.type', '=', type)
        .where('position', 'is not', null)
        .orderBy('position')
        .limit(1)
        .executeTakeFirst();
      return row?.at ?? null;
    },

    async oldestInboxRow() {
      const row = await db
        .selectFrom('inbox')
        .select('created_at')
        .where('settled_at', 'is', null)
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      return row?.created_at ?? null;
    },

    async oldestMessage() {
      const row = await db
        .selectFrom('outbox')
        .innerJoin('journal', (on) =>
          on
            .onRef('journal.sid', '=', 'outbox.sid')
            .onRef('journal.saga_seq', '=', 'outbox.saga_seq'),
        )
        .select('journal.at')
        .orderBy('outbox.id')
        .limit(1)
        .executeTakeFirst();
      return row?.at ?? null;
    },
  };
}
