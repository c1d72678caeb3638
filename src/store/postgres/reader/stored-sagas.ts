/**
 * Everything a schema of PostgreSQL holds, saga by saga, for a check from outside.
 *
 * Reads only, on a connection of its own, and may run beside a living engine: each saga is read in a
 * transaction of its own, so that its row, journal and messages are of one moment, and so short that
 * the server clears up in between.
 */
import { toFailure } from '../../../core/failure.ts';
import { isEnded, SAGA_STATUSES } from '../../../core/status.ts';
import type { SagaAsStored, SagaInFlight, StoredSagas } from '../../as-stored.ts';
import type { SagasTable } from '../../schema.ts';
import { type LinesOf, wholeSaga } from '../../queries/whole-saga.ts';
import { type HeldClient, openClient } from '../connection/client.ts';
import { refusedDatabase, unusableDatabase } from '../connection/database-errors.ts';
import { toFault } from '../connection/fault.ts';
import { checkedSchema, DEFAULT_SCHEMA } from '../schema-name.ts';

/** Sagas in flight read at once; a state may be large. */
const IN_FLIGHT_PAGE = 64;
const NOT_ENDED = SAGA_STATUSES.filter((status) => !isEnded(status));
/** Most flaws of the files that are told. */
const MAX_FILE_FLAWS = 20;

/**
 * Opens a schema to look at. Throws `storage-refused`: not there, not ours, or of another version;
 * `unavailable`: the server cannot be reached.
 */
export async function openStoredSchema(
  url: string,
  schema: string = DEFAULT_SCHEMA,
): Promise<StoredSagas> {
  const home = `"${checkedSchema(schema)}"`;
  let client: HeldClient | undefined;
  try {
    client = await openClient(url, 'backstep-doctor');
    const stored = new StoredSchema(client, home);
    await stored.refuseOther(url);
    return stored;
  } catch (thrown) {
    await client?.end();
    throw unusableDatabase(url, thrown);
  }
}

/** Whether it has our tables. Throws `unavailable`, or `storage-refused` where it cannot be asked. */
export async function isSchemaThere(
  url: string,
  schema: string = DEFAULT_SCHEMA,
): Promise<boolean> {
  const home = `"${checkedSchema(schema)}"`;
  let client: HeldClient | undefined;
  try {
    client = await openClient(url, 'backstep-looks');
    return await hasTables(client, home);
  } catch (thrown) {
    throw unusableDatabase(url, thrown);
  } finally {
    await client?.end();
  }
}

async function hasTables(client: HeldClient, home: string): Promise<boolean> {
  const sql = 'SELECT to_regclass($1) IS NOT NULL AS "isThere"';
  const { rows } = await client.query<{ isThere: boolean }>(sql, [`${home}.marks`]);
  return rows[0]?.isThere === true;
}

class StoredSchema implements StoredSagas {
  readonly #client: HeldClient;
  /** The schema as SQL names it. */
  readonly #home: string;

  constructor(client: HeldClient, home: string) {
    this.#client = client;
    this.#home = home;
  }

  async refuseOther(url: string): Promise<void> {
    if (!(await hasTables(this.#client, this.#home))) {
      const why = `it has no tables of Backstep in the schema ${this.#home}`;
      throw refusedDatabase(url, why, 'check the database and the schema');
    }
    try {
      // Whatever a later question needs is named here.
      await this.#rows(`SELECT format, ended_at FROM ${this.#home}.sagas LIMIT 0`);
      await this.#rows(`SELECT format FROM ${this.#home}.journal LIMIT 0`);
    } catch (thrown) {
      const why = `its schema is not that of this version (${toFailure(thrown).message})`;
      throw refusedDatabase(url, why, 'bring it up to date with `backstep migrate`', thrown);
    }
  }

  count(): Promise<number> {
    return this.#number(`SELECT count(*) AS number FROM ${this.#home}.sagas`);
  }

  inFlightCount(): Promise<number> {
    return this.#number(
      `SELECT count(*) AS number FROM ${this.#home}.sagas
       WHERE status = ANY ($1) AND ended_at IS NULL`,
      NOT_ENDED,
    );
  }

  readonly #linesOf: LinesOf = (sid, sagaSeqs) =>
    this.#rows(
      `SELECT saga_seq AS "sagaSeq", cause, data, format FROM ${this.#home}.journal
       WHERE sid = $1 AND saga_seq = ANY ($2)`,
      sid,
      sagaSeqs,
    );

  async *inFlight(): AsyncGenerator<SagaInFlight, void> {
    for (let after = 0; ;) {
      const page = await this.#rows<SagaInFlight>(
        `SELECT sid, id, type, version, definition_hash AS "definitionHash", status, seq, state,
           format, checksum, created_at AS "createdAtMs", error
         FROM ${this.#home}.sagas
         WHERE status = ANY ($1) AND sid > $2 AND ended_at IS NULL ORDER BY sid LIMIT $3`,
        NOT_ENDED,
        after,
        IN_FLIGHT_PAGE,
      );
      for (const saga of page) yield await wholeSaga(saga, this.#linesOf);
      const last = page.at(-1);
      if (last === undefined || page.length < IN_FLIGHT_PAGE) return;
      after = last.sid;
    }
  }

  /** By the extension amcheck, where it is there and the role may use it. */
  async fileFlaws(): Promise<readonly string[] | null> {
    const [amcheck] = await this.#rows<{ home: string; hasHeap: boolean }>(
      `SELECT quote_ident(n.nspname) AS home, EXISTS (SELECT 1 FROM pg_proc h
         WHERE h.proname = 'verify_heapam' AND h.pronamespace = n.oid) AS "hasHeap"
       FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
       JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check'
       WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE') LIMIT 1`,
    );
    if (amcheck === undefined) return null;
    const relations = await this.#rows<{ name: string; isIndex: boolean }>(
      `SELECT c.oid::regclass::text AS name, c.relkind = 'i' AS "isIndex"
       FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam
       WHERE c.relnamespace = to_regnamespace($1)
         AND (c.relkind = 'r' AND $2 OR c.relkind = 'i' AND a.amname = 'btree')`,
      this.#home,
      amcheck.hasHeap,
    );
    const flaws: string[] = [];
    for (const { name, isIndex } of relations) {
      const sql = isIndex
        ? `SELECT NULL AS flaw FROM ${amcheck.home}.bt_index_check($1::regclass) WHERE false`
        : `SELECT msg AS flaw FROM ${amcheck.home}.verify_heapam($1::regclass) LIMIT ${MAX_FILE_FLAWS}`;
      try {
        const found = await this.#rows<{ flaw: string }>(sql, name);
        flaws.push(...found.map(({ flaw }) => `${name}: ${flaw}`));
      } catch (thrown) {
        flaws.push(`${name}: ${toFailure(thrown).message}`);
      }
    }
    return flaws.slice(0, MAX_FILE_FLAWS);
  }

  async orphans(): Promise<Readonly<Record<'journal' | 'outbox', number>>> {
    const orphansIn = (table: string): Promise<number> =>
      this.#number(
        `SELECT count(*) AS number FROM ${this.#home}.${table} t
         WHERE NOT EXISTS (SELECT 1 FROM ${this.#home}.sagas s WHERE s.sid = t.sid)`,
      );
    return { journal: await orphansIn('journal'), outbox: await orphansIn('outbox') };
  }

  async *sagas(): AsyncGenerator<SagaAsStored, void> {
    for (let after = 0; ;) {
      const saga = await this.#atOneMoment(async () => {
        const [row] = await this.#rows<SagasTable>(
          `SELECT * FROM ${this.#home}.sagas WHERE sid > $1 ORDER BY sid LIMIT 1`,
          after,
        );
        return row === undefined ? null : await this.#read(row);
      });
      if (saga === null) return;
      after = saga.row.sid;
      yield saga;
    }
  }

  journalOf: StoredSagas['journalOf'] = (id) =>
    this.#atOneMoment(async () => {
      const [saga] = await this.#rows<SagasTable>(
        `SELECT * FROM ${this.#home}.sagas WHERE id = $1`,
        id,
      );
      if (saga === undefined) return null;
      return { saga, lines: await this.#of('journal', 'saga_seq', saga.sid) };
    });

  async close(): Promise<void> {
    await this.#client.end();
  }

  async #read(row: SagasTable): Promise<SagaAsStored> {
    const { sid, type, key } = row;
    const [openLetter = null] = await this.#rows<NonNullable<SagaAsStored['openLetter']>>(
      `SELECT * FROM ${this.#home}.dead_letters WHERE sid = $1 AND resolved_at IS NULL`,
      sid,
    );
    const [startKey = null] =
      key === null
        ? []
        : await this.#rows<NonNullable<SagaAsStored['startKey']>>(
            `SELECT * FROM ${this.#home}.start_keys WHERE type = $1 AND key = $2`,
            type,
            key,
          );
    return {
      row,
      messages: await this.#of('outbox', 'id', sid),
      openLetter,
      audit: await this.#of('audit', 'id', sid),
      startKey,
      journal: await this.#of('journal', 'saga_seq', sid),
      // Last: where it fails nothing more can be asked at this moment.
      steps: await this.#steps(sid),
    };
  }

  /** A state that is no JSON is one finding about that saga, not the end of the examination. */
  async #steps(sid: number): Promise<SagaAsStored['steps']> {
    try {
      return await this.#rows(
        `SELECT step_name AS name, occurrence, status, attempts FROM ${this.#home}.saga_steps
         WHERE sid = $1 ORDER BY position`,
        sid,
      );
    } catch (thrown) {
      if (toFault(thrown).kind !== 'statement') throw thrown;
      return null;
    }
  }

  #of<Row>(table: string, order: string, sid: number): Promise<readonly Row[]> {
    return this.#rows<Row>(
      `SELECT * FROM ${this.#home}.${table} WHERE sid = $1 ORDER BY ${order}`,
      sid,
    );
  }

  async #atOneMoment<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      return await work();
    } finally {
      await this.#client.query('COMMIT');
    }
  }

  async #number(text: string, ...parameters: readonly unknown[]): Promise<number> {
    const [row] = await this.#rows<{ number: number }>(text, ...parameters);
    return row?.number ?? 0;
  }

  async #rows<Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> {
    // Rows are outside data; the statement says what they are.
    return (await this.#client.query({ text, values: [...values] })).rows as readonly Row[];
  }
}
