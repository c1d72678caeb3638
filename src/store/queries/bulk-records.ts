/**
 * What is stored of bulk commands: statements for the writer, questions for the reader.
 *
 * Invariant: the list of a bulk command is written once, before the command itself, and never
 * changes; only the outcomes are filled in.
 */
import { type Compilable, type Kysely, sql } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import { dialectOf, NO_LIMIT, statementOf } from '../dialect.ts';
import { fromCursor, toCursor } from './cursor.ts';
import type { Page, Paged } from '../read-models.ts';
import type { EngineTables } from '../schema.ts';

/** What came of the command for one saga: taken; refused, with the reason; failed unexpectedly. */
export type BulkOutcome = 'taken' | 'refused' | 'failed';

/** A bulk command. Times in milliseconds since 1970. */
export interface BulkRecord {
  readonly id: number;
  readonly command: string;
  readonly by: string;
  readonly reason: string | null;
  /** JSON of the filter that the list was frozen from; `null` for a list of ids. */
  readonly filter: string | null;
  readonly total: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** One saga of the list. `outcome` null: its turn has not come. */
export interface BulkItem {
  readonly position: number;
  readonly sagaId: string;
  readonly outcome: BulkOutcome | null;
  /** The saga's status after a command that was taken. */
  readonly status: string | null;
  /** Why it was not taken. */
  readonly detail: string | null;
}

/** How many items have which outcome. */
export type BulkCounts = Readonly<Record<BulkOutcome | 'pending', number>>;

type Db = Kysely<EngineTables>;

/** Bulk commands kept; older ones that are not under way are forgotten with the next one. */
const MAX_KEPT = 200;
/** Items written by one statement. */
const ITEMS_PER_WRITE = 5_000;

/** The writes that freeze a list, to be made in this order, the bulk command itself last. */
export function freezeWrites(
  db: Db,
  record: Omit<BulkRecord, 'startedAtMs' | 'endedAtMs'>,
  sagaIds: readonly string[],
): readonly (readonly ExpectedStatement[])[] {
  const { id, createdAtMs, ...row } = record;
  const writes: Compilable[] = [
    db.deleteFrom('bulk_items').where('bulk_id', 'in', forgotten(db)),
    db.deleteFrom('bulk_commands').where('id', 'in', forgotten(db)),
    // What an interrupted freeze may have left under this number.
    db.deleteFrom('bulk_items').where('bulk_id', '>=', id),
  ];
  for (let start = 0; start < sagaIds.length; start += ITEMS_PER_WRITE) {
    const slice = sagaIds.slice(start, start + ITEMS_PER_WRITE);
    writes.push(addItems(db, id, start, slice));
  }
  const times = { created_at: createdAtMs, started_at: null, ended_at: null };
  writes.push(db.insertInto('bulk_commands').values({ id, ...row, ...times }));
  return writes.map((write) => [statementOf(write)]);
}

/** Marks a bulk command as started, or as ended. */
export function markWrite(
  db: Db,
  id: number,
  mark: 'started' | 'ended',
  atMs: number,
): ExpectedStatement {
  const times = mark === 'started' ? { started_at: atMs } : { ended_at: atMs };
  return statementOf(db.updateTable('bulk_commands').set(times).where('id', '=', id));
}

/** Fills outcomes in. */
export function outcomesWrite(db: Db, id: number, items: readonly BulkItem[]): ExpectedStatement {
  const rows = items.map(({ position, outcome, status, detail }) => [
    position,
    outcome,
    status,
    detail,
  ]);
  const fill = sql`UPDATE ${sql.table('bulk_items')}
    SET outcome = item.value ->> 1, status = item.value ->> 2, detail = item.value ->> 3
    FROM ${dialectOf(db).rowsOf(rows)}
    WHERE bulk_id = ${id} AND position = CAST(item.value ->> 0 AS integer)`;
  return statementOf({ compile: () => fill.compile(db) });
}

/** The questions. */
export interface BulkReads {
  lastId(): Promise<number>;
  find(id: number): Promise<BulkRecord | null>;
  /** Newest first. */
  list(page: Page): Promise<Paged<BulkRecord>>;
  /** Started and not ended, oldest first. */
  underWay(): Promise<readonly number[]>;
  counts(id: number): Promise<BulkCounts>;
  /** In the order of the list; `outcome` null: any. */
  items(id: number, outcome: BulkOutcome | null, page: Page): Promise<Paged<BulkItem>>;
  /** The next items whose turn has not come, of those after a position; -1: of all. */
  pending(id: number, afterPosition: number, limit: number): Promise<readonly BulkItem[]>;
  /** Those of the sagas that have a command of this author in their audit. */
  audited(sagaIds: readonly string[], by: string): Promise<ReadonlySet<string>>;
}

export function createBulkReads(db: Db): BulkReads {
  const commands = db
    .selectFrom('bulk_commands')
    .select(['id', 'command', 'by', 'reason', 'filter', 'total'])
    .select(['created_at as createdAtMs', 'started_at as startedAtMs', 'ended_at as endedAtMs']);
  const items = db
    .selectFrom('bulk_items')
    .select(['position', 'saga_id as sagaId', 'outcome', 'status', 'detail'])
    .orderBy('position');
  return {
    async lastId() {
      const row = await db
        .selectFrom('bulk_commands')
        .select('id')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.id ?? 0;
    },
    async find(id) {
      return (await commands.where('id', '=', id).executeTakeFirst()) ?? null;
    },
    async list({ limit, cursor }) {
      const before = fromCursor('bulk', cursor);
      const rows = await commands
        .$if(before !== null, (query) => query.where('id', '<', before ?? 0))
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      return { items: page, nextCursor: hasMore ? toCursor('bulk', last.id) : null };
    },
    async underWay() {
      const rows = await commands
        .where('started_at', 'is not', null)
        .where('ended_at', 'is', null)
        .orderBy('id')
        .execute();
      return rows.map(({ id }) => id);
    },
    async counts(id) {
      const rows = await db
        .selectFrom('bulk_items')
        .select((eb) => ['outcome', eb.fn.countAll<number>().as('count')])
        .where('bulk_id', '=', id)
        .groupBy('outcome')
        .execute();
      const countOf = (outcome: BulkOutcome | null): number =>
        rows.find((row) => row.outcome === outcome)?.count ?? 0;
      return {
        taken: countOf('taken'),
        refused: countOf('refused'),
        failed: countOf('failed'),
        pending: countOf(null),
      };
    },
    async items(id, outcome, { limit, cursor }) {
      const after = fromCursor('items', cursor);
      const rows = await items
        .where('bulk_id', '=', id)
        .$if(outcome !== null, (query) => query.where('outcome', '=', outcome))
        .$if(after !== null, (query) => query.where('position', '>', after ?? 0))
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      return { items: page, nextCursor: hasMore ? toCursor('items', last.position) : null };
    },
    pending: (id, afterPosition, limit) =>
      items
        .where('bulk_id', '=', id)
        .where('position', '>', afterPosition) // so that what is done is not read again each time
        .where('outcome', 'is', null)
        .limit(limit)
        .execute(),
    async audited(sagaIds, by) {
      const rows = await db
        .selectFrom('audit')
        .innerJoin('sagas', 'sagas.sid', 'audit.sid')
        .select('sagas.id')
        .where('sagas.id', 'in', sagaIds)
        .where('audit.by', '=', by)
        .execute();
      return new Set(rows.map(({ id }) => id));
    },
  };
}

// Newest first, those under way left out: the rest beyond the bound is forgotten.
function forgotten(db: Db) {
  return db
    .selectFrom('bulk_commands')
    .select('id')
    .where((eb) => eb.or([eb('started_at', 'is', null), eb('ended_at', 'is not', null)]))
    .orderBy('id', 'desc')
    .limit(NO_LIMIT)
    .offset(MAX_KEPT - 1);
}

function addItems(db: Db, id: number, start: number, sagaIds: readonly string[]): Compilable {
  const rows = sagaIds.map((sagaId, index) => [start + index, sagaId]);
  const add = sql`INSERT INTO ${sql.table('bulk_items')} (bulk_id, position, saga_id)
    SELECT CAST(${id} AS bigint), CAST(item.value ->> 0 AS integer), item.value ->> 1
    FROM ${dialectOf(db).rowsOf(rows)}`;
  return { compile: () => add.compile(db) };
}
