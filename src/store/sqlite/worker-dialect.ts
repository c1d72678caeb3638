/**
 * A Kysely dialect over a reader's thread: participants, pages and the API read through it.
 *
 * It cannot write and has no transactions: each query sees the last commit before it. Owns
 * nothing: destroying a Kysely instance leaves the reader open.
 */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/** Where the queries go; see `Reader`. */
export interface QueryLane {
  query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]>;
}

/** A Kysely instance that reads through `reader`. `Tables` is the caller's word. */
export function createReadOnlyKysely<Tables>(reader: QueryLane): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new WorkerDialect(reader) });
}

class WorkerDialect implements Dialect {
  readonly #reader: QueryLane;

  constructor(reader: QueryLane) {
    this.#reader = reader;
  }

  createDriver(): Driver {
    return new WorkerDriver(this.#reader);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new PipelinedAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** The reader has a bounded queue of its own: Kysely's mutex before it would cost O(n²). */
class PipelinedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class WorkerDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(reader: QueryLane) {
    this.#connection = new WorkerConnection(reader);
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

class WorkerConnection implements DatabaseConnection {
  readonly #reader: QueryLane;

  constructor(reader: QueryLane) {
    this.#reader = reader;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const rows = await this.#reader.query(sql, parameters);
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
