/**
 * What is stored of alerts: marks, incidents and messages; questions for the reader.
 *
 * Each question is answered from an index over what is open or due, so that it costs the same
 * however many sagas there are. Statements that change it are in alert-writes.ts.
 */
import type { Kysely } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import type { Page, Paged } from '../read-models.ts';
import type { EngineTables } from '../schema.ts';
import { badCursor, fromCursor, toCursor } from './cursor.ts';

/** A mark that no incident has counted. */
export interface NewMark {
  readonly id: number;
  readonly sid: number;
  /** `null`: the saga was removed since. */
  readonly sagaId: string | null;
  readonly cause: string;
  readonly sinceMs: number;
  readonly endedAtMs: number | null;
  readonly detail: string | null;
}

/** An incident. `state`: JSON of what host/alerts/incident.ts keeps. */
export interface IncidentRecord {
  readonly id: string;
  readonly rule: string;
  readonly cause: string;
  readonly openedAtMs: number | null;
  readonly resolvedAtMs: number | null;
  readonly state: string;
}

/** A message to one target. Times in milliseconds since 1970. */
export interface DeliveryRecord {
  readonly id: number;
  /** What its receiver tells doubles by. */
  readonly message: string;
  readonly target: string;
  readonly incident: string | null;
  readonly rule: string | null;
  readonly kind: string;
  readonly body: string;
  readonly createdAtMs: number;
  /** When it is tried next; `null`: it is settled. */
  readonly dueAtMs: number | null;
  readonly attempts: number;
  readonly settledAtMs: number | null;
  readonly outcome: 'delivered' | 'given-up' | null;
  /** Of the last try that failed. */
  readonly error: string | null;
}

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

export interface AlertReads {
  rules(): Promise<EngineTables['alert_rules'][]>;
  /** Those of a rule since `dueMs` or before, oldest first. */
  newMarks(rule: string, dueMs: number, limit: number): Promise<readonly NewMark[]>;
  /** Those that an incident has counted and that ended since. */
  endedMarks(
    limit: number,
  ): Promise<readonly { readonly id: number; readonly rule: string; readonly cause: string }[]>;
  openIncidents(): Promise<readonly IncidentRecord[]>;
  /** To a target, those that are due, but for what waits for an earlier one about its incident. */
  dueDeliveries(target: string, nowMs: number, limit: number): Promise<readonly DeliveryRecord[]>;
  /** When something is due next; `null`: nothing is. Of targets that are given up, too. */
  waitingTargets(): Promise<readonly string[]>;
  /** Messages that were tried in vain, and those given up since then. */
  undelivered(
    sinceMs: number,
  ): Promise<{ readonly waiting: number; readonly failing: number; readonly givenUp: number }>;
  /** Newest first. */
  incidents(page: Page, isOpen?: boolean): Promise<Paged<IncidentRecord>>;
  deliveries(page: Page): Promise<Paged<DeliveryRecord>>;
  delivery(message: string): Promise<readonly DeliveryRecord[]>;
  /** Sagas of a status by number, those that a person has settled among them. */
  scanSagas(status: SagaStatus, afterSid: number, limit: number): Promise<readonly ScannedSaga[]>;
  scanLetters(afterSid: number, limit: number): Promise<readonly ScannedLetter[]>;
  /** Since when the first in line waits; `null`: none does. */
  oldestStart(type: string): Promise<number | null>;
  oldestInboxRow(): Promise<number | null>;
  oldestMessage(): Promise<number | null>;
}

type Db = Kysely<EngineTables>;

export function createAlertReads(db: Db): AlertReads {
  return {
    ...ofMarks(db),
    ...ofMessages(db),
    ...ofWhatWasThere(db),
    ...ofQueues(db),
  };
}

function ofMarks(db: Db) {
  return {
    rules: () => db.selectFrom('alert_rules').selectAll().execute(),

    newMarks: (rule: string, dueMs: number, limit: number) =>
      db
        .selectFrom('alert_marks')
        .leftJoin('sagas', 'sagas.sid', 'alert_marks.sid')
        .select(['alert_marks.id', 'alert_marks.sid', 'sagas.id as sagaId', 'alert_marks.cause'])
        .select(['since as sinceMs', 'alert_marks.ended_at as endedAtMs', 'detail'])
        .where('rule', '=', rule)
        .where('is_counted', '=', 0)
        .where('since', '<=', dueMs)
        .orderBy('since')
        .limit(limit)
        .execute(),

    endedMarks: (limit: number) =>
      db
        .selectFrom('alert_marks')
        .select(['id', 'rule', 'cause'])
        .where('is_counted', '=', 1)
        .where('ended_at', 'is not', null)
        .orderBy('id')
        .limit(limit)
        .execute(),

    openIncidents: () => incidentsOf(db).where('resolved_at', 'is', null).execute(),

    async incidents({ limit, cursor }: Page, isOpen?: boolean): Promise<Paged<IncidentRecord>> {
      const before = idInCursor(cursor);
      const rows = await incidentsOf(db)
        .where('opened_at', 'is not', null)
        .$if(isOpen === true, (query) => query.where('resolved_at', 'is', null))
        .$if(isOpen === false, (query) => query.where('resolved_at', 'is not', null))
        .$if(before !== null, (query) => query.where('id', '<', before ?? ''))
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
  };
}

function incidentsOf(db: Db) {
  return db
    .selectFrom('alert_incidents')
    .select(['id', 'rule', 'cause', 'state'])
    .select(['opened_at as openedAtMs', 'resolved_at as resolvedAtMs']);
}

// The id of an incident is its place in the list.
function idInCursor(cursor: string | null): string | null {
  if (cursor === null || /^[0-9a-z]{26}$/.test(cursor)) return cursor;
  throw badCursor();
}

function deliveriesOf(db: Db) {
  return db
    .selectFrom('alert_deliveries as d')
    .select(['d.id', 'd.message', 'd.target', 'd.incident', 'd.rule', 'd.kind', 'd.body'])
    .select(['d.created_at as createdAtMs', 'd.due_at as dueAtMs', 'd.attempts'])
    .select(['d.settled_at as settledAtMs', 'd.outcome', 'd.error']);
}

function ofMessages(db: Db) {
  return {
    dueDeliveries: (target: string, nowMs: number, limit: number) =>
      deliveriesOf(db)
        .where('d.target', '=', target)
        .where('d.due_at', '<=', nowMs)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('alert_deliveries as e')
                .select('e.id')
                .whereRef('e.target', '=', 'd.target')
                .whereRef('e.incident', '=', 'd.incident')
                .where('e.due_at', 'is not', null)
                .whereRef('e.id', '<', 'd.id'),
            ),
          ),
        )
        .orderBy('d.due_at')
        .limit(limit)
        .execute(),

    async waitingTargets(): Promise<readonly string[]> {
      const rows = await db
        .selectFrom('alert_deliveries')
        .select('target')
        .distinct()
        .where('due_at', 'is not', null)
        .execute();
      return rows.map(({ target }) => target);
    },

    async undelivered(sinceMs: number) {
      const row = await db
        .selectNoFrom((eb) => [
          eb
            .selectFrom('alert_deliveries')
            .select((of) => of.fn.countAll<number>().as('count'))
            .where('due_at', 'is not', null)
            .as('waiting'),
          eb
            .selectFrom('alert_deliveries')
            .select((of) => of.fn.countAll<number>().as('count'))
            .where('due_at', 'is not', null)
            .where('error', 'is not', null)
            .as('failing'),
          eb
            .selectFrom('alert_deliveries')
            .select((of) => of.fn.countAll<number>().as('count'))
            .where('outcome', '=', 'given-up')
            .where('settled_at', '>=', sinceMs)
            .as('givenUp'),
        ])
        .executeTakeFirstOrThrow();
      return {
        waiting: row.waiting ?? 0,
        failing: row.failing ?? 0,
        givenUp: row.givenUp ?? 0,
      };
    },

    async deliveries({ limit, cursor }: Page): Promise<Paged<DeliveryRecord>> {
      const before = fromCursor('deliveries', cursor);
      const rows = await deliveriesOf(db)
        .$if(before !== null, (query) => query.where('d.id', '<', before ?? 0))
        .orderBy('d.id', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      return { items, nextCursor: hasMore ? toCursor('deliveries', last.id) : null };
    },

    delivery: (message: string) => deliveriesOf(db).where('d.message', '=', message).execute(),
  };
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
