/**
 * Finding sagas by filter: which ones a list shows, how many there are, and their ids.
 *
 * Reads the wide rows of `sagas` only of those that change with every turn. `sagas_by_status` answers
 * when nothing but status and type is asked for, a status at a time, so that rare ones are found at once;
 * else, in the order of the list, the index `sagas_for_lists` and what is in flight, or in PostgreSQL what
 * ended and what is under way. Newest first is by `sid`, which counts up with
 * the starts, so that a list never skips or repeats a saga.
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

/** Sagas to select, all of them in the order of lists. */
interface Part {
  readonly from: RawBuilder<unknown>;
  readonly conditions: readonly Condition[];
}

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
  const counts = partsOf(dialectOf(db), filter, range).map(
    ({ from, conditions }) => sql`(SELECT count(*) FROM ${from} WHERE ${every(conditions)})`,
  );
  const { rows } = await sql<{ count: number }>`
    SELECT ${sql.join(counts, sql` + `)} AS count`.execute(db);
  return rows[0]?.count ?? 0;
}

/** How many sagas there are by type and version, and how many of them have not ended. */
export async function countVersions(db: Db): Promise<readonly VersionCount[]> {
  const parts = dialectOf(db).listedSagas.map(
    ({ from, where }) => sql`SELECT type, version, count(*) AS total,
      count(*) FILTER (WHERE ended_at IS NULL) AS not_ended
      FROM ${from} WHERE ${where} GROUP BY type, version`,
  );
  const { rows } = await sql<VersionCount>`
    SELECT type, version, CAST(sum(total) AS bigint) AS total,
      CAST(sum(not_ended) AS bigint) AS ${sql.ref('underWay')}
    FROM (${sql.join(parts, UNION_ALL)}) AS of_any GROUP BY type, version`.execute(db);
  return rows;
}

/** The internal id, of those in one of the statuses, of the one that changed longest ago. */
export async function findOldestUnmoved(
  db: Db,
  statuses: readonly SagaStatus[],
): Promise<number | null> {
  const { rows } = await sql<{ sid: number }>`
    SELECT sid FROM ${dialectOf(db).byIndex('sagas', 'sagas_by_status')}
      WHERE status IN (${sql.join(statuses)}) ORDER BY updated_at, sid LIMIT 1`.execute(db);
  return rows[0]?.sid ?? null;
}

function matching(dialect: Dialect, filter: SagaFilter, range: SidRange, limit: number) {
  const page = sql`ORDER BY sid DESC LIMIT ${limit}`;
  const parts = partsOf(dialect, filter, range).map(
    ({ from, conditions }) =>
      sql`SELECT sid FROM (SELECT sid FROM ${from} WHERE ${every(conditions)} ${page}) AS of_part`,
  );
  return sql<{ sid: number }>`
    SELECT sid FROM (${sql.join(parts, UNION_ALL)}) AS of_any ${page}`;
}

/** All that match, each in one of the parts, of which there is at least one. */
function partsOf(dialect: Dialect, filter: SagaFilter, range: SidRange): readonly Part[] {
  const { status, type, ...rest } = filter;
  if (status === undefined || Object.values(rest).some((value) => value !== undefined)) {
    const conditions = [...conditionsOf(dialect, filter), ...within(range)];
    return dialect.listedSagas.map(({ from, where }) => ({
      from,
      conditions: [where, ...conditions],
    }));
  }
  const from = dialect.byIndex('sagas', 'sagas_by_status');
  if (status.length === 0) return [{ from, conditions: [sql`false`] }];
  const byType = conditionsOf(dialect, type === undefined ? {} : { type });
  return [...new Set(status)].map((one) => ({
    from,
    conditions: [sql`status = ${one}`, ...byType, ...within(range)],
  }));
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
  return sql.join(conditions, sql` AND `);
}

const UNION_ALL = sql` UNION ALL `;
