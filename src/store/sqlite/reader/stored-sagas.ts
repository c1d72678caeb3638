/**
 * Everything a database holds, saga by saga, for a check from outside.
 *
 * Reads only, on a connection of its own, and may run beside a living engine: each saga is read in
 * a transaction of its own, so that its row, journal and messages are of one moment, and so short
 * that the engine's log can be emptied in between.
 */
import Database from 'better-sqlite3';
import { toFailure } from '../../../core/failure.ts';
import { isEnded, SAGA_STATUSES, type SagaStatus } from '../../../core/status.ts';
import { APPLICATION_ID, assertFile, refused } from '../database-file.ts';
import { foundPrefix } from '../found-prefix.ts';
import { withPrefix } from '../../table-names.ts';
import type { SagaAsStored, SagaInFlight, StepAsStored, StoredSagas } from '../../as-stored.ts';
import type {
  AuditTable,
  DeadLettersTable,
  JournalTable,
  OutboxTable,
  SagasTable,
  StartKeysTable,
} from '../../schema.ts';
import { type LinesOf, wholeSaga } from '../../queries/whole-saga.ts';

const BUSY_WAIT_MS = 5_000;
/** Sagas in flight read at once; a state may be large. */
const IN_FLIGHT_PAGE = 64;
const NOT_ENDED = SAGA_STATUSES.filter((status) => !isEnded(status));
/** Most flaws of the file that are told. */
const MAX_FILE_FLAWS = 20;

/** Opens a file to look at. Throws `storage-refused`: not there, not ours, or of another schema. */
export function openStoredFile(path: string): StoredSagas {
  assertFile(path);
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, timeout: BUSY_WAIT_MS });
    const applicationId = db.pragma('application_id', { simple: true });
    if (applicationId !== APPLICATION_ID) {
      throw refused(path, 'it is not a Backstep database', 'check the path');
    }
    return storedSagasOf(path, db);
  } catch (thrown) {
    db?.close();
    if (!(thrown instanceof Database.SqliteError)) throw thrown;
    throw refused(path, toFailure(thrown).message, 'restore it from a backup', thrown);
  }
}

/** As `openStoredFile`, for a caller that has the connection. */
export function storedSagasOf(path: string, db: Database.Database): StoredSagas {
  const statements = prepare(path, db);

  function read(row: SagasTable): SagaAsStored {
    const { sid, type, key } = row;
    return {
      row,
      steps: stepsOf(sid),
      messages: statements.messages.all(sid),
      openLetter: statements.openLetter.get(sid) ?? null,
      audit: statements.audit.all(sid),
      startKey: key === null ? null : (statements.startKey.get(type, key) ?? null),
      // Lazily: an iterator that is open keeps the connection busy.
      journal: { [Symbol.iterator]: () => statements.journal.iterate(sid) },
    };
  }

  /** A state that is no JSON is one finding about that saga, not the end of the examination. */
  function stepsOf(sid: number): readonly StepAsStored[] | null {
    try {
      return statements.steps.all(sid);
    } catch (thrown) {
      if (!(thrown instanceof Database.SqliteError) || thrown.code !== 'SQLITE_ERROR') throw thrown;
      return null;
    }
  }

  async function* sagas(): AsyncIterable<SagaAsStored> {
    for (let after = 0; ;) {
      db.exec('BEGIN');
      try {
        const row = statements.next.get(after);
        if (row === undefined) return;
        after = row.sid;
        yield read(row);
      } finally {
        if (db.inTransaction) db.exec('COMMIT');
      }
    }
  }

  const linesOf: LinesOf = async (sid) =>
    statements.journal.all(sid).map(({ saga_seq: sagaSeq, ...line }) => ({ ...line, sagaSeq }));

  async function* inFlight(): AsyncIterable<SagaInFlight> {
    for (const status of NOT_ENDED) {
      for (let after = 0; ;) {
        const page = statements.inFlight.all(status, after, IN_FLIGHT_PAGE);
        for (const saga of page) yield await wholeSaga(saga, linesOf);
        const last = page.at(-1);
        if (last === undefined || page.length < IN_FLIGHT_PAGE) break;
        after = last.sid;
      }
    }
  }

  const journalOf = db.transaction((id: string) => {
    const saga = statements.byId.get(id);
    return saga === undefined ? null : { saga, lines: statements.journal.all(saga.sid) };
  });

  return {
    count: async () => statements.count.get() ?? 0,
    inFlightCount: async () =>
      NOT_ENDED.reduce((sum, status) => sum + (statements.inFlightCount.get(status) ?? 0), 0),
    inFlight,
    fileFlaws: async () => {
      const lines = db.pragma(`quick_check(${MAX_FILE_FLAWS})`) as { quick_check: string }[];
      return lines.map((line) => line.quick_check).filter((line) => line !== 'ok');
    },
    orphans: async () => ({
      journal: statements.journalOrphans.get() ?? 0,
      outbox: statements.outboxOrphans.get() ?? 0,
    }),
    sagas,
    journalOf: async (id) => journalOf(id),
    close: async () => void db.close(),
  };
}

function prepare(path: string, db: Database.Database) {
  const { inSql } = withPrefix(foundPrefix(db));
  const bySid = <Row>(sql: string) => db.prepare<[number], Row>(inSql(sql));
  const counting = (sql: string) => db.prepare<[], number>(inSql(sql)).pluck();
  const orphansIn = (table: string) =>
    counting(`SELECT count(*) FROM ${table} WHERE sid NOT IN (SELECT sid FROM sagas)`);
  try {
    return {
      count: counting('SELECT count(*) FROM sagas'),
      next: bySid<SagasTable>('SELECT * FROM sagas WHERE sid > ? ORDER BY sid LIMIT 1'),
      // By the index on the status, so that sagas that are over are not gone through.
      inFlight: db.prepare<[SagaStatus, number, number], SagaInFlight>(
        inSql(`SELECT sid, id, type, version, definition_hash AS definitionHash, status, seq, state,
           format, checksum, created_at AS "createdAtMs", error
         FROM sagas WHERE status = ? AND sid > ? AND ended_at IS NULL ORDER BY sid LIMIT ?`),
      ),
      inFlightCount: db
        .prepare<[SagaStatus], number>(
          inSql('SELECT count(*) FROM sagas WHERE status = ? AND ended_at IS NULL'),
        )
        .pluck(),
      byId: db.prepare<[string], SagasTable>(inSql('SELECT * FROM sagas WHERE id = ?')),
      steps: bySid<StepAsStored>(
        `SELECT step_name AS name, occurrence, status, attempts FROM saga_steps
         WHERE sid = ? ORDER BY position`,
      ),
      messages: bySid<OutboxTable>('SELECT * FROM outbox WHERE sid = ? ORDER BY id'),
      openLetter: bySid<DeadLettersTable>(
        'SELECT * FROM dead_letters WHERE sid = ? AND resolved_at IS NULL',
      ),
      audit: bySid<AuditTable>('SELECT * FROM audit WHERE sid = ? ORDER BY id'),
      startKey: db.prepare<[string, string], StartKeysTable>(
        inSql('SELECT * FROM start_keys WHERE type = ? AND key = ?'),
      ),
      journal: bySid<JournalTable>('SELECT * FROM journal WHERE sid = ? ORDER BY saga_seq'),
      journalOrphans: orphansIn('journal'),
      outboxOrphans: orphansIn('outbox'),
    };
  } catch (thrown) {
    const why = `its schema is not that of this version (${toFailure(thrown).message})`;
    throw refused(path, why, 'bring it up to date with `backstep migrate`', thrown);
  }
}
