/**
 * Statements that change what is stored of alerts, for `Store.write`: what belongs together is
 * handed over together, so that it becomes durable as one.
 */
import { type Kysely, sql } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import type { MarkRow } from '../commit.ts';
import { statementOf } from '../dialect.ts';
import type { EngineTables } from '../schema.ts';
import type { DeliveryRecord, IncidentRecord } from './alert-records.ts';
import type { ScannedLetter, ScannedSaga } from './alert-scans.ts';

type Db = Kysely<EngineTables>;

/** A message to be sent. */
export type NewDelivery = Pick<
  DeliveryRecord,
  'message' | 'target' | 'incident' | 'rule' | 'kind' | 'body' | 'createdAtMs' | 'dueAtMs'
> &
  Partial<Pick<DeliveryRecord, 'attempts' | 'settledAtMs' | 'outcome'>>;

/** Marks removed by one statement. */
const REMOVED_AT_ONCE = 2_000;

export function keepRule(
  db: Db,
  name: string,
  fingerprint: string,
  scannedSid: number | null,
): ExpectedStatement {
  const row = { fingerprint, scanned_sid: scannedSid };
  return statementOf(
    db
      .insertInto('alert_rules')
      .values({ name, ...row })
      .onConflict((on) => on.column('name').doUpdateSet(row)),
  );
}

export function forgetRule(db: Db, name: string): ExpectedStatement {
  return statementOf(db.deleteFrom('alert_rules').where('name', '=', name));
}

/** Some of the marks of a rule; to be repeated while any are removed. */
export function removeMarksOf(db: Db, rule: string): ExpectedStatement {
  const some = db
    .selectFrom('alert_marks')
    .select('id')
    .where('rule', '=', rule)
    .limit(REMOVED_AT_ONCE);
  return statementOf(db.deleteFrom('alert_marks').where('id', 'in', some));
}

export function countMarks(db: Db, ids: readonly number[]): ExpectedStatement {
  return statementOf(db.updateTable('alert_marks').set({ is_counted: 1 }).where('id', 'in', ids));
}

export function removeMarks(db: Db, ids: readonly number[]): ExpectedStatement {
  return statementOf(db.deleteFrom('alert_marks').where('id', 'in', ids));
}

/** The mark of a saga that was there before its rule, unless it has moved since it was read. */
export function markScanned(
  db: Db,
  rule: string,
  saga: Pick<ScannedSaga, 'sid' | 'seq'> & { readonly atMs: number },
  { cause, detail }: NonNullable<MarkRow['opens']>,
): ExpectedStatement {
  const { sid, seq, atMs } = saga;
  return statementOf(
    db
      .insertInto('alert_marks')
      .columns(['rule', 'sid', 'cause', 'since', 'detail'])
      .expression(
        db
          .selectFrom('sagas')
          .select(() => markColumns(rule, sid, cause, atMs, detail))
          .where('sid', '=', sid)
          .where('seq', '=', seq),
      )
      .onConflict((on) => on.doNothing()),
  );
}

/** The same of a dead letter that is still open. */
export function markLetter(
  db: Db,
  rule: string,
  { id, sid, kind, openedAtMs }: ScannedLetter,
  { cause, detail }: NonNullable<MarkRow['opens']>,
): ExpectedStatement {
  return statementOf(
    db
      .insertInto('alert_marks')
      .columns(['rule', 'sid', 'cause', 'since', 'detail'])
      .expression(
        db
          .selectFrom('dead_letters')
          .select(() => markColumns(rule, sid, cause, openedAtMs, detail))
          .where('id', '=', id)
          .where('kind', '=', kind)
          .where('resolved_at', 'is', null),
      )
      .onConflict((on) => on.doNothing()),
  );
}

// PostgreSQL does not guess the types of parameters that are selected.
function markColumns(
  rule: string,
  sid: number,
  cause: string,
  sinceMs: number,
  detail: string | null,
) {
  return [
    sql<string>`CAST(${rule} AS text)`.as('rule'),
    sql<number>`CAST(${sid} AS bigint)`.as('sid'),
    sql<string>`CAST(${cause} AS text)`.as('cause'),
    sql<number>`CAST(${sinceMs} AS bigint)`.as('since'),
    sql<string | null>`CAST(${detail} AS text)`.as('detail'),
  ];
}

/** An incident as it stands now, new or known. */
export function keepIncident(db: Db, incident: IncidentRecord): ExpectedStatement {
  const { id, rule, cause, openedAtMs, resolvedAtMs, state } = incident;
  const standing = { opened_at: openedAtMs, resolved_at: resolvedAtMs, state };
  return statementOf(
    db
      .insertInto('alert_incidents')
      .values({ id, rule, cause, ...standing })
      .onConflict((on) => on.column('id').doUpdateSet(standing)),
  );
}

/** One that came to nothing, such as failures that stayed too few. */
export function removeIncident(db: Db, id: string): ExpectedStatement {
  return statementOf(db.deleteFrom('alert_incidents').where('id', '=', id));
}

/** A message; one that is there already stays as it is. */
export function addDelivery(db: Db, delivery: NewDelivery): ExpectedStatement {
  const { createdAtMs, dueAtMs, settledAtMs = null, outcome = null, attempts = 0 } = delivery;
  const { message, target, incident, rule, kind, body } = delivery;
  return statementOf(
    db
      .insertInto('alert_deliveries')
      .values({
        message,
        target,
        incident,
        rule,
        kind,
        body,
        attempts,
        outcome,
        created_at: createdAtMs,
        due_at: dueAtMs,
        settled_at: settledAtMs,
        error: null,
      })
      .onConflict((on) => on.columns(['message', 'target']).doNothing()),
  );
}

/**
 * Says that a try begins: until `leaseEndsMs` nobody else begins one. Unmet where it was settled, or
 * begun, by somebody else.
 */
export function claimDelivery(
  db: Db,
  { id, attempts }: DeliveryRecord,
  leaseEndsMs: number,
): ExpectedStatement {
  const claim = db
    .updateTable('alert_deliveries')
    .set({ attempts: attempts + 1, due_at: leaseEndsMs })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('due_at', 'is not', null);
  const expect = { changes: 1, code: 'not-due', message: 'it is not due any more' };
  return { ...statementOf(claim), expect };
}

/** What came of a try. `dueAtMs` null: it is settled. */
export function settleDelivery(
  db: Db,
  id: number,
  result: {
    readonly dueAtMs: number | null;
    readonly atMs: number;
    readonly outcome: DeliveryRecord['outcome'];
    readonly error: string | null;
  },
): ExpectedStatement {
  const { dueAtMs, atMs, outcome, error } = result;
  return statementOf(
    db
      .updateTable('alert_deliveries')
      .set({ due_at: dueAtMs, outcome, error, settled_at: dueAtMs === null ? atMs : null })
      .where('id', '=', id),
  );
}

/** What waits for its next try to a target is due now; not what is being sent, whose time is a lease. */
export function hastenTarget(
  db: Db,
  target: string,
  atMs: number,
  sending: readonly number[],
): ExpectedStatement {
  return statementOf(
    db
      .updateTable('alert_deliveries')
      .set({ due_at: atMs })
      .where('target', '=', target)
      .where('due_at', '>', atMs)
      .$if(sending.length > 0, (query) => query.where('id', 'not in', sending)),
  );
}

/** What is to a target that is not there any more. */
export function giveUpTarget(db: Db, target: string, atMs: number): ExpectedStatement {
  return statementOf(
    db
      .updateTable('alert_deliveries')
      .set({
        due_at: null,
        settled_at: atMs,
        outcome: 'given-up',
        error: 'no such target any more',
      })
      .where('target', '=', target)
      .where('due_at', 'is not', null),
  );
}

/** Some of what is older than that: settled messages, and incidents that are resolved. */
export function removeOld(db: Db, beforeMs: number): readonly ExpectedStatement[] {
  // Only the oldest are looked at, however many there are.
  const oldestMessages = db
    .selectFrom('alert_deliveries')
    .select(['id', 'settled_at'])
    .orderBy('id')
    .limit(REMOVED_AT_ONCE);
  const oldestIncidents = db
    .selectFrom('alert_incidents')
    .select(['id', 'resolved_at'])
    .orderBy('id')
    .limit(REMOVED_AT_ONCE);
  const messages = db
    .selectFrom(oldestMessages.as('oldest'))
    .select('id')
    .where('settled_at', '<', beforeMs);
  const incidents = db
    .selectFrom(oldestIncidents.as('oldest'))
    .select('id')
    .where('resolved_at', '<', beforeMs);
  return [
    statementOf(db.deleteFrom('alert_deliveries').where('id', 'in', messages)),
    statementOf(db.deleteFrom('alert_incidents').where('id', 'in', incidents)),
  ];
}
