/**
 * A Kysely dialect over a lane of reads: participants, pages and the API read through it.
 *
 * It cannot write and has no transactions: each query sees the last commit before it. Owns
 * nothing: destroying a Kysely instance leaves the lane open.
 */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';

/** Where the queries go. It has a bounded queue of its own. */
export interface QueryLane {
  query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]>;
}

/** What a database's dialect is made of. */
export interface DialectParts {
  readonly adapter: () => DialectAdapter;
  readonly compiler: () => QueryCompiler;
  readonly introspector: (db: Kysely<unknown>) => DatabaseIntrospector;
}

/** A Kysely instance that reads through a lane. `Tables` is the caller's word. */
export function readOnlyKysely<Tables>(lane: QueryLane, parts: DialectParts): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new LaneDialect(lane, parts) });
}

class LaneDialect implements Dialect {
  readonly createDriver: () => Driver;
  readonly createQueryCompiler: () => QueryCompiler;
  readonly createAdapter: () => DialectAdapter;
  readonly createIntrospector: (db: Kysely<unknown>) => DatabaseIntrospector;

  constructor(lane: QueryLane, parts: DialectParts) {
    this.createDriver = () => new LaneDriver(lane);
    this.createQueryCompiler = parts.compiler;
    this.createAdapter = parts.adapter;
    this.createIntrospector = parts.introspector;
  }
}

class LaneDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(lane: QueryLane) {
    this.#connection = new LaneConnection(lane);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async beginTransaction(): Promise<void> {
    throw noTransactions();
  }

  async commitTransaction(): Promise<void> {
    throw noTransactions();
  }

  async rollbackTransaction(): Promise<void> {
    throw noTransactions();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class LaneConnection implements DatabaseConnection {
  readonly #lane: QueryLane;

  constructor(lane: QueryLane) {
    this.#lane = lane;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const rows = await this.#lane.query(sql, parameters);
    // Rows are outside data; Kysely's types say what the query selected.
    return { rows: rows as Row[] };
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }
}

function noTransactions(): Error {
  return new Error('the reader has no transactions; write through the store');
}
