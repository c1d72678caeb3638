/**
 * Finding sagas by filter: which ones a list shows, how many there are, and their ids.
 *
 * Never reads the wide rows of `sagas` to decide: a filter is answered from one of two indexes.
 * `sagas_by_status` when nothing but status and type is asked for, a status at a time, so that rare
 * ones are found at once; else `sagas_for_lists`, or what stands for it, in the order of the list. Newest first is by
 * `sid`, which counts up with the starts, so that a list never skips or repeats a saga.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SagaStatus } from '../../core/status.ts';
import { type Dialect, dialectOf } from '../dialect.ts';
import type { SagaFilter, VersionCount } from '../read-models.ts';
import type { EngineTables } from '../schema.ts';

/** Part of the list by internal ids, both exclusive. */
export interface SidRange {
  readonly before: number | null;
  readonly after: number | null;
}

type Db = Kysely<EngineTables>;
type Condition = RawBuilder<unknown>;

/** True for the newest matching sagas, at most `limit`. */
export function isAmong(
  db: Db,
  filter: SagaFilter,
  range: SidRange,
  limit: number,
): RawBuilder<boolean> {
  return sql<boolean>`sid IN (${matching(dialectOf(db), filter, range, limit)})`;
}

/** The ids of the newest matching sagas, at most `limit`, newest first. */
export async function findIds(
  db: Db,
  filter: SagaFilter,
  range: SidRange,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('sagas')
    .select('id')
    .where(isAmong(db, filter, range, limit))
    .orderBy('sid', 'desc')
    .execute();
  return rows.map(({ id }) => id);
}

/** How many match. */
export async function countMatching(db: Db, filter: SagaFilter, range: SidRange): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*) AS count FROM (${matching(dialectOf(db), filter, range, null)}) AS found`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/** How many sagas there are by type and version, and how many of them have not ended. */
export async function countVersions(db: Db): Promise<readonly VersionCount[]> {
  const { rows } = await sql<VersionCount>`
    SELECT type, version, count(*) AS total,
      count(*) FILTER (WHERE ended_at IS NULL) AS ${sql.ref('underWay')}
    FROM ${dialectOf(db).listedSagas} GROUP BY type, version`.execute(db);
  return rows;
}

/** The internal id, of those in one of the statuses, of the one that changed longest ago. */
export async function findOldestUnmoved(
  db: Db,
  statuses: readonly SagaStatus[],
): Promise<number | null> {
  const { rows } = await sql<{ sid: number }>`
    SELECT sid FROM ${dialectOf(db).byIndex('sagas', 'sagas_for_lists')}
      WHERE status IN (${sql.join(statuses)}) ORDER BY updated_at, sid LIMIT 1`.execute(db);
  return rows[0]?.sid ?? null;
}

function matching(dialect: Dialect, filter: SagaFilter, range: SidRange, limit: number | null) {
  const { status, type, ...rest } = filter;
  const page = limit === null ? sql`` : sql`ORDER BY sid DESC LIMIT ${limit}`;
  if (status === undefined || Object.values(rest).some((value) => value !== undefined)) {
    const conditions = [...conditionsOf(dialect, filter), ...within(range)];
    return sql<{
      sid: number;
    }>`SELECT sid FROM ${dialect.listedSagas} WHERE ${every(conditions)} ${page}`;
  }
  const sagas = dialect.byIndex('sagas', 'sagas_by_status');
  if (status.length === 0) return sql<{ sid: number }>`SELECT sid FROM ${sagas} WHERE false`;
  const byType = conditionsOf(dialect, type === undefined ? {} : { type });
  const conditions = [...byType, ...within(range)];
  const parts = [...new Set(status)].map(
    (one) => sql`SELECT sid FROM (SELECT sid FROM ${sagas}
      WHERE status = ${one} AND ${every(conditions)} ${page}) AS of_status`,
  );
  return sql<{ sid: number }>`
    SELECT sid FROM (${sql.join(parts, sql` UNION ALL `)}) AS of_any ${page}`;
}

function conditionsOf(dialect: Dialect, filter: SagaFilter): readonly Condition[] {
  const { type, status, step, minAttempts, updatedBeforeMs, text } = filter;
  const conditions: Condition[] = [];
  if (type !== undefined) conditions.push(sql`type = ${type}`);
  if (status !== undefined) {
    conditions.push(status.length === 0 ? sql`false` : sql`status IN (${sql.join(status)})`);
  }
  if (step !== undefined) conditions.push(sql`step = ${step}`);
  if (minAttempts !== undefined) conditions.push(sql`attempts >= ${minAttempts}`);
  if (updatedBeforeMs !== undefined) conditions.push(sql`updated_at < ${updatedBeforeMs}`);
  if (text !== undefined && text !== '') conditions.push(startsWith(dialect, text));
  return conditions;
}

function within({ before, after }: SidRange): readonly Condition[] {
  return [
    ...(before === null ? [] : [sql`sid < ${before}`]),
    ...(after === null ? [] : [sql`sid > ${after}`]),
  ];
}

/** Of the id, the key or the error; letter case does not matter. */
function startsWith({ likeAnyCase: like }: Dialect, text: string): Condition {
  const pattern = `${text.replace(/[\\%_]/g, '\\$&')}%`;
  const columns = ['id', 'key', 'error'].map(
    (column) => sql`${sql.ref(column)} ${like} ${pattern} ESCAPE '\\'`,
  );
  return sql`(${sql.join(columns, sql` OR `)})`;
}

function every(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}
