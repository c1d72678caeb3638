/**
 * What is stored of alerts: marks, incidents and messages; questions for the reader.
 *
 * Each question is answered from an index over what is open or due, so that it costs the same
 * however many sagas there are. Statements that change it are in alert-writes.ts.
 */
import type { Kysely } from 'kysely';
import type { Page, Paged } from '../read-models.ts';
import type { EngineTables } from '../schema.ts';
import { type AlertScans, createAlertScans } from './alert-scans.ts';
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

export interface AlertReads extends AlertScans {
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
}

type Db = Kysely<EngineTables>;

export function createAlertReads(db: Db): AlertReads {
  return {
    ...ofMarks(db),
    ...ofMessages(db),
    ...createAlertScans(db),
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
