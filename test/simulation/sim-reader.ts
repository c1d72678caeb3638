/**
 * The one query that the engine itself sends through Kysely, a saga's record by its id, answered
 * from the simulated disk. Every other query finds nothing.
 */
import {
  type CompiledQuery,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SagaRecord } from '../../src/store/read-models.ts';
import type { Disk } from './disk.ts';

type Answered = <Row>(read: () => Row) => Promise<Row>;

/** A Kysely over the disk's sagas; `answered` decides when a read is made. */
export function createSimReader<Tables>(disk: Disk, answered: Answered): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createDriver: () => new SimDriver(disk, answered),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
    },
  });
}

class SimDriver extends DummyDriver {
  readonly #disk: Disk;
  readonly #answered: Answered;

  constructor(disk: Disk, answered: Answered) {
    super();
    this.#disk = disk;
    this.#answered = answered;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const executeQuery = async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => {
      const rows = await this.#answered(() => this.#select(query));
      return { rows: rows as Row[] };
    };
    return {
      executeQuery,
      async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
        yield await executeQuery<Row>(query);
      },
    };
  }

  #select({ sql, parameters }: CompiledQuery): readonly SagaRecord[] {
    if (!/from "sagas" where "id" = \?/.test(sql)) return [];
    const sid = this.#disk.sidOf(String(parameters[0]));
    const saga = sid === null ? undefined : this.#disk.sagas.get(sid);
    if (saga === undefined) return [];
    const { id, key, type, version, definitionHash, createdAtMs: startedAtMs } = saga.birth;
    const { status, step, attempts, error, seq, updatedAtMs, endedAtMs, state } = saga.row;
    const who = { id, key, type, version, definitionHash, startedAtMs };
    return [{ ...who, status, step, attempts, error, seq, updatedAtMs, endedAtMs, state }];
  }
}
