/**
 * What SQLite and PostgreSQL say differently in the engine's own queries.
 *
 * All else in store/queries/ runs on both as it stands, and is held to that by the tests that run
 * over both. Writes are built like reads and compiled for the writer, see `statementOf`.
 */
import { type Compilable, type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely';
import type { ExpectedStatement } from '../core/activity.ts';
import type { EngineTables } from './schema.ts';
import type { EngineIndex } from './sql-names.ts';

/** The fragments. Paths and names in them come from code, never from outside. */
export interface Dialect {
  /** A table to select from, by an index of it where the planner takes orders. */
  byIndex(table: keyof EngineTables, index: EngineIndex): RawBuilder<unknown>;
  /**
   * What to look for sagas in by any of the columns of lists, each part in the order of lists: an index
   * that has all columns of those with nothing in flight, and the few others; in PostgreSQL a view over what
   * is under way and what ended, see its migration 0001.
   */
  readonly listedSagas: readonly ListedSagas[];
  /** The operator of a pattern that letter case does not matter to. */
  readonly likeAnyCase: RawBuilder<unknown>;
  /** What stands in a column of JSON under a path, as text; NULL where nothing does. */
  jsonText(column: string, path: readonly string[]): RawBuilder<string | null>;
  /**
   * Rows to select from, handed over as one parameter: `item.value ->> 0` is the first value of
   * each, in SQLite with its type, in PostgreSQL as text.
   */
  rowsOf(rows: readonly (readonly (string | number | null)[])[]): RawBuilder<unknown>;
  /** A query: how large the database is, and what of it is free where that can be known. */
  readonly size: RawBuilder<DatabaseSize>;
}

/** Of the whole database, what is not the engine's included. */
export interface DatabaseSize {
  readonly bytes: number;
  /** Of a file, what removal left and new sagas will take; `null`: PostgreSQL does not say. */
  readonly freeBytes: number | null;
}

/** A part of all sagas. */
export interface ListedSagas {
  /** What to select from. */
  readonly from: RawBuilder<unknown>;
  /** Those of it that belong to the part. */
  readonly where: RawBuilder<unknown>;
}

/** The dialect of a database. */
export function dialectOf(db: Kysely<EngineTables>): Dialect {
  return db.getExecutor().adapter instanceof PostgresAdapter ? POSTGRES : SQLITE;
}

/** More rows than there are: a bound where the grammar asks for one. */
export const NO_LIMIT = sql<number>`9223372036854775807`;

/** A statement for `Store.write`. */
export function statementOf(query: Compilable): ExpectedStatement {
  const { sql: text, parameters } = query.compile();
  return { sql: text, parameters };
}

function indexedBy(table: keyof EngineTables, index: EngineIndex): RawBuilder<unknown> {
  return sql`${sql.table(table)} INDEXED BY ${sql.table(index)}`;
}

const SQLITE: Dialect = {
  byIndex: indexedBy,
  listedSagas: [
    { from: indexedBy('sagas', 'sagas_for_lists'), where: sql`wake_at IS NOT 0` },
    { from: indexedBy('sagas', 'sagas_by_wake'), where: sql`wake_at = 0` },
  ],
  likeAnyCase: sql`LIKE`,
  jsonText: (column, path) => sql`${sql.ref(column)} ->> ${sql.lit(`$.${path.join('.')}`)}`,
  rowsOf: (rows) => sql`json_each(${JSON.stringify(rows)}) AS item`,
  size: sql`SELECT page_count * page_size AS bytes, freelist_count * page_size AS ${sql.ref('freeBytes')}
    FROM pragma_page_count, pragma_page_size, pragma_freelist_count`,
};

const POSTGRES: Dialect = {
  byIndex: (table) => sql.table(table),
  listedSagas: [{ from: sql.table('listed_sagas'), where: sql`true` }],
  likeAnyCase: sql`ILIKE`,
  jsonText: (column, path) =>
    sql`${readableJson(sql.ref(column))} #>> ${sql.lit(`{${path.join(',')}}`)}`,
  rowsOf: (rows) => sql`jsonb_array_elements(${wellFormedJson(rows)}::jsonb) AS item`,
  size: sql`SELECT pg_database_size(current_database()) AS bytes, NULL AS ${sql.ref('freeBytes')}`,
};

// PostgreSQL refuses to look into JSON in which a NUL or half a surrogate pair is escaped, wherever
// in it that is. `JSON.stringify` escapes no whole pair, so each escaped surrogate is a half.
function readableJson(column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`regexp_replace(${column}, '\\\\u(0000|d[89a-f][0-9a-f]{2})', '\\\\ufffd', 'g')::json`;
}

function wellFormedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' ? part.replaceAll('\0', '\ufffd').toWellFormed() : part,
  );
}
