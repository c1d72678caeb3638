/**
 * The queries behind lists, details and the feed.
 *
 * Reads only, by keyset: a page costs the same at any depth. Invariant: newest first is by `sid`,
 * which counts up with the starts, so a list never skips or repeats a saga that was there before.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import { dialectOf } from '../dialect.ts';
import { fromCursor, type PagedList, toCursor } from './cursor.ts';
import { createInboxReads } from './inbox.ts';
import { feedEpochs } from './feed-epochs.ts';
import { createGaugeReads } from './gauge-reads.ts';
import { journalAfter, lastJournalSeq } from './journal-queries.ts';
import { checkedFilter, pageSize } from './list-options.ts';
import type {
  AuditEntry,
  DeadLetter,
  DeadLetterGroup,
  FeedEntry,
  JournalEntry,
  LetterGroupKey,
  Page,
  Paged,
  ReadModels,
  SagaFilter,
  SagaSummary,
  StatusCounts,
} from '../read-models.ts';
import {
  countMatching,
  countVersions,
  findIds,
  findOldestUnmoved,
  isAmong,
  type SidRange,
} from './saga-lists.ts';
import type { EngineTables } from '../schema.ts';
import { pendingStart, startQueues } from './start-reads.ts';

/** Most journal lines of one read of the feed. */
const MAX_FEED_SIZE = 1_000;
/** Most groups of dead letters that are told apart: the largest. */
const MAX_LETTER_GROUPS = 100;
/** Most audit lines of one saga that are shown: the newest. */
const MAX_AUDIT_SIZE = 1_000;

type Db = Kysely<EngineTables>;

/** Read models over the store's reader. */
export function createReadModels(db: Db): ReadModels {
  const inbox = createInboxReads(db);
  return {
    listSagas: (filter, page) => listSagas(db, filter, page),
    countSagas: async (filter, newer) =>
      countMatching(db, checkedFilter(filter, 'countSagas'), newerThan(newer)),
    sagaIds: async (filter, limit) =>
      findIds(db, checkedFilter(filter, 'sagaIds'), newerThan(undefined), limit),
    newestCursor: () => newestCursor(db),
    oldestUnmoved: (statuses) => oldestUnmoved(db, statuses),
    saga: async (id) => {
      const row = await selectSummaries(db)
        .select(['definition_hash as definitionHash', 'state'])
        .where('id', '=', id)
        .executeTakeFirst();
      return row ?? null;
    },
    idOfKey: async (type, key) => {
      const keys = db.selectFrom('start_keys').where('type', '=', type).where('key', '=', key);
      return (await keys.select('saga_id as id').executeTakeFirst())?.id ?? null;
    },
    transitions: (id, page) => transitions(db, id, page),
    notes: (id, limit) => notes(db, id, limit),
    summaries: async (ids) =>
      ids.length === 0 ? [] : selectSummaries(db).where('id', 'in', ids).execute(),
    deadLetters: (page, group) => deadLetters(db, page, group),
    deadLetterGroups: () => deadLetterGroups(db),
    audit: (id) => audit(db, id),
    pendingStart: (id) => pendingStart(db, id),
    startQueues: () => startQueues(db),
    statusCounts: (type) => statusCounts(db, type),
    gauges: createGaugeReads(db),
    versionCounts: () => countVersions(db),
    inboxFigures: () => inbox.figures(),
    refusedRows: (limit) => inbox.refused(limit),
    feedAfter: (...asked) => feedAfter(db, ...asked),
    journalAfter: (afterSeq, limit, filter) => journalAfter(db, afterSeq, limit, filter),
    feedEpochs: () => feedEpochs(db),
    lastSeq: () => lastJournalSeq(db),
  };
}

async function listSagas(db: Db, filter: SagaFilter, page: Page): Promise<Paged<SagaSummary>> {
  const limit = pageSize(page);
  const range = { before: fromCursor('sagas', page.cursor), after: null };
  const rows = await selectSummaries(db)
    .select('sid')
    .where(isAmong(db, checkedFilter(filter, 'listSagas'), range, limit + 1))
    .orderBy('sid', 'desc')
    .execute();
  const { items, nextCursor } = toPage('sagas', rows, limit, (row) => row.sid);
  // The internal id is for the cursor only.
  return { items: items.map(({ sid: _sid, ...summary }) => summary), nextCursor };
}

async function oldestUnmoved(db: Db, statuses: readonly SagaStatus[]): Promise<SagaSummary | null> {
  const sid = await findOldestUnmoved(db, statuses);
  if (sid === null) return null;
  return (await selectSummaries(db).where('sid', '=', sid).executeTakeFirst()) ?? null;
}

async function newestCursor(db: Db): Promise<string> {
  const row = await db
    .selectFrom('sagas')
    .select((eb) => eb.fn.max<number | null>('sid').as('sid'))
    .executeTakeFirst();
  return toCursor('sagas', row?.sid ?? 0);
}

function newerThan(cursor: string | undefined): SidRange {
  return { before: null, after: cursor === undefined ? null : fromCursor('sagas', cursor) };
}

async function deadLetterGroups(db: Db): Promise<readonly DeadLetterGroup[]> {
  const code = codeOfLetter(db);
  return await db
    .selectFrom('dead_letters')
    .innerJoin('sagas', 'sagas.sid', 'dead_letters.sid')
    .select(['sagas.type', 'dead_letters.kind', code.as('code')])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .select((eb) => eb.fn.min('opened_at').as('oldestMs'))
    .where('resolved_at', 'is', null)
    .groupBy(['sagas.type', 'dead_letters.kind', code])
    .orderBy('count', 'desc')
    .orderBy('sagas.type')
    .limit(MAX_LETTER_GROUPS)
    .execute();
}

/** The code of the error that a dead letter is about; empty where it has none. */
function codeOfLetter(db: Db): RawBuilder<string> {
  return sql<string>`coalesce(${dialectOf(db).jsonText('letter', ['error', 'code'])}, '')`;
}

async function transitions(db: Db, id: string, page: Page): Promise<Paged<JournalEntry>> {
  const limit = pageSize(page);
  const after = fromCursor('journal', page.cursor) ?? 0;
  const rows = await selectJournal(db)
    .select(['journal.data', 'journal.format'])
    .where('journal.sid', '=', sidOf(db, id))
    .where('journal.saga_seq', '>', after)
    .orderBy('journal.saga_seq')
    .limit(limit + 1)
    .execute();
  return toPage('journal', rows, limit, (row) => row.sagaSeq);
}

async function notes(db: Db, id: string, limit: number): Promise<readonly JournalEntry[]> {
  const rows = await selectJournal(db)
    .select(['journal.data', 'journal.format'])
    .where('journal.sid', '=', sidOf(db, id))
    .where('journal.kind', '=', 'note')
    .orderBy('journal.saga_seq', 'desc')
    .limit(pageSize({ limit, cursor: null }))
    .execute();
  return rows.toReversed();
}

async function deadLetters(db: Db, page: Page, group?: LetterGroupKey): Promise<Paged<DeadLetter>> {
  const limit = pageSize(page);
  const before = fromCursor('letters', page.cursor);
  let query = db
    .selectFrom('dead_letters')
    .innerJoin('sagas', 'sagas.sid', 'dead_letters.sid')
    .select(['dead_letters.id', 'sagas.id as sagaId', 'sagas.type', 'sagas.key'])
    .select(['dead_letters.kind', 'dead_letters.letter', 'opened_at as openedAtMs'])
    .where('resolved_at', 'is', null);
  if (before !== null) query = query.where('dead_letters.id', '<', before);
  if (group !== undefined) {
    query = query
      .where('sagas.type', '=', group.type)
      .where('dead_letters.kind', '=', group.kind)
      .where(codeOfLetter(db), '=', group.code);
  }
  const rows = await query
    .orderBy('dead_letters.id', 'desc')
    .limit(limit + 1)
    .execute();
  return toPage('letters', rows, limit, (row) => row.id);
}

async function audit(db: Db, id: string): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['at as atMs', 'saga_seq as sagaSeq', 'command', 'by', 'reason'])
    .where('sid', '=', sidOf(db, id))
    .orderBy('id', 'desc')
    .limit(MAX_AUDIT_SIZE)
    .execute();
  return rows.toReversed();
}

async function statusCounts(db: Db, type?: string): Promise<StatusCounts> {
  let query = db
    .selectFrom('sagas')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .groupBy('status');
  if (type !== undefined) query = query.where('type', '=', type);
  const counted = new Map((await query.execute()).map(({ status, count }) => [status, count]));
  const countOf = (status: SagaStatus): number => counted.get(status) ?? 0;
  return {
    running: countOf('running'),
    waiting: countOf('waiting'),
    paused: countOf('paused'),
    compensating: countOf('compensating'),
    completed: countOf('completed'),
    compensated: countOf('compensated'),
    compensation_failed: countOf('compensation_failed'),
    failed: countOf('failed'),
    parked: countOf('parked'),
    terminated: countOf('terminated'),
  };
}

function feedAfter(
  db: Db,
  ...[afterSeq, limit, filter, untilSeq]: Parameters<ReadModels['feedAfter']>
): Promise<readonly FeedEntry[]> {
  const { sagaId, type, status } = filter;
  let query = selectJournal(db).where('journal.seq', '>', afterSeq);
  if (untilSeq !== undefined) query = query.where('journal.seq', '<=', untilSeq);
  if (sagaId !== undefined) query = query.where('journal.sid', '=', sidOf(db, sagaId));
  if (type !== undefined) query = query.where('sagas.type', '=', type);
  if (status !== undefined) query = query.where('journal.status', '=', status);
  const size = Math.max(1, Math.min(MAX_FEED_SIZE, Math.floor(limit)));
  return query.orderBy('journal.seq').limit(size).execute();
}

function selectSummaries(db: Db) {
  return db
    .selectFrom('sagas')
    .select(['id', 'key', 'type', 'version', 'status', 'step', 'attempts', 'error', 'seq'])
    .select(['created_at as startedAtMs', 'updated_at as updatedAtMs', 'ended_at as endedAtMs']);
}

function selectJournal(db: Db) {
  return db
    .selectFrom('journal')
    .innerJoin('sagas', 'sagas.sid', 'journal.sid')
    .select(['journal.seq', 'sagas.id as sagaId', 'sagas.type', 'journal.saga_seq as sagaSeq'])
    .select(['journal.at as atMs', 'journal.kind', 'journal.cause', 'journal.event'])
    .select(['from_state as from', 'to_state as to', 'journal.status']);
}

function sidOf(db: Db, id: string) {
  return db.selectFrom('sagas').select('sagas.sid').where('sagas.id', '=', id);
}

/** `rows` has one more than the limit when there is another page. */
function toPage<Item>(
  list: PagedList,
  rows: readonly Item[],
  limit: number,
  keyOf: (item: Item) => number,
): Paged<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? toCursor(list, keyOf(last)) : null };
}
